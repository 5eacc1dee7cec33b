#!/usr/bin/env bash
# Gives every parser of a file hostile input for a while: a crash, a hang, a leak, an allocation out of all proportion, or
# an exception that is none of ours is a finding, and its input is kept in build/fuzz/findings.
#   jobs/fuzz.sh [SECONDS [TARGET…]]     5 s each, all targets; what new inputs teach stays in build/fuzz/corpus
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
seconds=${1:-5}
[ $# -eq 0 ] || shift
targets=("$@")
[ $# -gt 0 ] || targets=(ini sites csv idx silo_file silo_content checkpoint safetensors run_folder bench_lines)

if ! command -v clang++ >/dev/null; then
  echo "fuzz       clang++ is not here (apt: clang, libclang-rt-dev)" >&2
  exit 77
fi
build=build/fuzz
run_logged "$build/configure.log" cmake --preset fuzz
run_logged "$build/build.log" cmake --build --preset fuzz
mkdir -p "$build/findings"
scratch=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)")
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch LSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/lsan.supp:print_suppressions=0
export ASAN_OPTIONS=allocator_may_return_null=1 # HDF5 asks for absurd sizes on damaged files, and copes when it gets none
"$build/tests/fuzz/write_seeds" "$scratch/seeds"
mkdir -p "$scratch/seeds/ini"
cp configs/*.ini "$scratch/seeds/ini"

status=0
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target" "$scratch/seeds/$target"
  log="$build/$target.log"
  printf 'fuzz       %-12s ' "$target"
  if "$build/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="$build/findings/$target-" \
    "$build/corpus/$target" "$scratch/seeds/$target" >"$log" 2>&1; then
    awk '/number_of_executed_units/ { print $2 " inputs" }' "$log"
  else
    status=1
    printf 'FAILED: the input lies in %s/findings, all of the output in %s\n' "$build" "$log"
    grep -m 3 -E 'ERROR|SUMMARY|runtime error|what\(\)' "$log" || true
  fi
done
exit "$status"
