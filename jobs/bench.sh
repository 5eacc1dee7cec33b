#!/usr/bin/env bash
# Builds the benches in release, runs them and writes build/bench/NAME.jsonl and one page of tables, build/bench/results.md.
#   jobs/bench.sh             all of them
#   jobs/bench.sh mask codec  those whose name contains one of the words
# Scaling, and the sum over a long link: jobs/scaling.sh.
# local_step and fashion_simulation run PyTorch beside: CROSSILO_BENCH_PYTHON=PYTHON, one that imports torch and h5py.
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
# Whether what a bench needs beside the program is here; says what is missing.
can_run() { # NAME
  case $1 in
    local_step | fashion_simulation) ;;
    *) return 0 ;;
  esac
  if ! "$torch_python" -c 'import torch, h5py' 2>"$results/torch.log"; then
    printf '%-10s left out: %s cannot import torch and h5py (%s)\n' "$1" "$torch_python" "$(tail -n 1 "$results/torch.log")"
    printf '%11sin a new venv: pip install torch==2.11.0 h5py numpy, then CROSSILO_BENCH_PYTHON=VENV/bin/python\n' ''
    return 1
  fi
  if [ "$1" = fashion_simulation ] && [ ! -e "$fashion/train-images-idx3-ubyte.gz" ]; then
    printf '%-10s left out: no Fashion-MNIST in %s (jobs/data_fashion.sh fetches it)\n' "$1" "$fashion"
    return 1
  fi
}

jobs/setup.sh
mkdir -p "$results"
build_preset release
# The mpirun of the Open MPI that it was built with.
mpirun="$(sed -n 's/^MPIEXEC_EXECUTABLE:.*=//p' $release/CMakeCache.txt) --oversubscribe --bind-to none"

torch_python=${CROSSILO_BENCH_PYTHON:-python3}
fashion=data/download/fashion-mnist
ring_sum="$release/bench/comm/ring_sum_bench --words 4096 16384 1000000 25000000 --cases ring_sum null default"
# Name | command. Each prints one JSON line per case.
benches=(
  "crypto | $release/bench/foreign/crypto_bench"
  "ring_codec | $release/bench/update/ring_codec_bench"
  "mask | $release/bench/aggregate/mask_bench"
  "ring_sum_2 | $mpirun -np 2 $ring_sum"
  "ring_sum_4 | $mpirun -np 4 $ring_sum"
  "ring_sum_8 | $mpirun -np 8 $ring_sum"
  "round_8 | $mpirun -np 8 $release/bench/round/round_bench"
  "kept_rounds_8 | $mpirun -np 8 $release/bench/round/kept_rounds_bench $results/kept_rounds"
  "local_step | $torch_python bench/silo/local_step.py $release/bench/silo/local_step_bench"
  "fashion_simulation | $torch_python bench/silo/fashion_simulation.py $release/crossilo $results/fashion $fashion"
  "start_up | bench/start_up.sh $release/crossilo"
)

for entry in "${benches[@]}"; do
  name=${entry%% | *}
  is_wanted "$name" "$@" || continue
  can_run "$name" || continue
  began=$SECONDS
  printf '%-10s … ' "$name"
  read -ra command <<<"${entry#* | }"
  run_logged "$results/$name.log" "${command[@]}"
  grep '^{' "$results/$name.log" >"$results/$name.jsonl"
  span $((SECONDS - began))
done
python3 bench/table.py "$results"/*.jsonl >"$results/results.md"
echo "tables     $results/results.md"
