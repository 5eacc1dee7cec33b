#!/usr/bin/env bash
# Builds the benches in release, runs them and writes build/bench/NAME.jsonl and one page of tables, build/bench/results.md.
#   jobs/bench.sh             all of them
#   jobs/bench.sh mask codec  those whose name contains one of the words
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
release=build/release
results=build/bench
# Root may start mpirun (containers). Open MPI's baseline must not pay for fresh pages: freed memory stays mapped.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184
is_wanted() { # NAME WORD…
  local name=$1 word
  shift
  [ $# -gt 0 ] || return 0
  for word in "$@"; do [[ $name == *"$word"* ]] && return 0; done
  return 1
}

jobs/setup.sh
mkdir -p "$results"
began=$SECONDS
printf 'build      release, %s cores … ' "$(nproc)"
run_logged "$results/build.log" cmake --preset release
run_logged "$results/build.log" cmake --build --preset release
span $((SECONDS - began))
# The mpirun of the Open MPI that it was built with.
mpirun="$(sed -n 's/^MPIEXEC_EXECUTABLE:.*=//p' $release/CMakeCache.txt) --oversubscribe --bind-to none"

# Name | command. Each prints one JSON line per case.
benches=(
  "crypto | $release/bench/foreign/crypto_bench"
  "ring_codec | $release/bench/update/ring_codec_bench"
  "mask | $release/bench/aggregate/mask_bench"
  "ring_sum_4 | $mpirun -np 4 $release/bench/comm/ring_sum_bench"
  "ring_sum_8 | $mpirun -np 8 $release/bench/comm/ring_sum_bench"
  "round_8 | $mpirun -np 8 $release/bench/round/round_bench"
  "start_up | bench/start_up.sh $release/crossilo"
)

for entry in "${benches[@]}"; do
  name=${entry%% | *}
  is_wanted "$name" "$@" || continue
  began=$SECONDS
  printf '%-10s … ' "$name"
  read -ra command <<<"${entry#* | }"
  run_logged "$results/$name.log" "${command[@]}"
  grep '^{' "$results/$name.log" >"$results/$name.jsonl"
  span $((SECONDS - began))
done
python3 bench/table.py "$results"/*.jsonl >"$results/results.md"
echo "tables     $results/results.md"
