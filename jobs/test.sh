#!/usr/bin/env bash
# Sets up, builds everything with warnings as errors, runs the whole test suite; then the fuzz targets, 5 s each,
# the lower layers' tests under the address sanitizer, and the CUDA code where nvcc is; ends with the tests that were skipped, and why.
# Arguments go to ctest, and then nothing else is run:
#   jobs/test.sh -R ring_sum
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

jobs/setup.sh
if [[ ! -x $crossilo_cache/tools/bin/python ]]; then # else the tests that need it would be skipped without a word
  echo "jobs/test.sh: $crossilo_cache/tools/bin/python is missing: run jobs/setup.sh without --no-tests" >&2
  exit 3
fi
build_preset check
if ! grep -qx "CROSSILO_PYTHON:FILEPATH=$crossilo_cache/tools/bin/python" build/check/CMakeCache.txt; then
  echo "failed: build/check was configured without the tools' Python; remove build/check and start again"
  exit 3
fi
sed -n '/^-- crossilo /,/^-- $/s/^--/ /p' build/check-configure.log
CROSSILO_BIN=build/check/crossilo jobs/data_heart.sh # a test trains on it
tests=$PWD/build/check/tests.xml
rm -f "$tests"
trap '[ ! -e "$tests" ] || python3 tests/support/skipped_tests.py "$tests"' EXIT # the last that is said, however it ends
ctest --preset check -j "$(nproc)" --output-junit "$tests" "$@"
[ $# -eq 0 ] || exit 0
jobs/fuzz.sh 5
jobs/sanitize.sh address
jobs/cuda.sh
