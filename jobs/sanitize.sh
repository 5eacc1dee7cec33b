#!/usr/bin/env bash
# Builds and runs tests with the compiler's run-time checks.
#   jobs/sanitize.sh address         memory, leaks, undefined behaviour: the layers that need no libtorch
#   jobs/sanitize.sh thread          data races: the same
#   jobs/sanitize.sh address -R .    the whole suite; what follows goes to ctest
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case ${1:-} in
  address) preset=asan ;;
  thread) preset=tsan ;;
  *) head_text >&2; exit 2 ;;
esac
shift
lower=ON target=(--target lower_tests)
if [ $# -gt 0 ]; then
  lower=OFF target=()
else
  set -- -L '^(base|comm|data|io|update|aggregate|round)$' -E '^round_baseline$'
fi

build_preset "$preset" -DCROSSILO_LOWER_LAYERS_ONLY="$lower" "${target[@]}"
ctest --preset "$preset" -j "$(nproc)" "$@"
