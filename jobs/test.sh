#!/usr/bin/env bash
# Sets up, builds everything with warnings as errors, runs the whole test suite. Arguments go to ctest:
#   jobs/test.sh -R ring_sum
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
log=build/test_build.log

jobs/setup.sh
began=$SECONDS
printf 'build      preset check, %s cores … ' "$(nproc)"
run_logged "$log" cmake --preset check
sed -n '/^-- crossilo /,/^-- $/p' "$log" >build/configured.txt
run_logged "$log" cmake --build --preset check
span $((SECONDS - began))
sed 's/^--/ /' build/configured.txt
CROSSILO_BIN=build/check/crossilo jobs/data_heart.sh # a test trains on it
ctest --preset check -j "$(nproc)" "$@"
