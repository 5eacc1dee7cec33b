#!/usr/bin/env bash
# Measures how the sum and whole rounds scale: builds in release, writes build/scaling/scaling.jsonl and draws it as one page.
# What is measured, and what the bounds are: docs/scaling.md. Each part says how long it took; the long link needs root.
#   jobs/scaling.sh                         all of it
#   jobs/scaling.sh --quick                 a small version
#   jobs/scaling.sh [--quick] sizes silos   only these parts, of: sizes silos rounds link
# SCALING_BUILD=FOLDER: programs that are built already;  SCALING_RESULTS=FOLDER: where lines go instead.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
root=$PWD
. bench/support/scaling.sh
results=${SCALING_RESULTS:-build/scaling}
programs=${SCALING_BUILD:-build/release}
cores=$(nproc)
if [ "${1:-}" = --quick ]; then
  shift
  choose_sizes quick 4
else
  choose_sizes full 8
fi
if [ $# -eq 0 ]; then
  set -- sizes silos rounds
  if [ "$(id -u)" -eq 0 ]; then set -- "$@" link; else echo "link       left out: the test cluster needs root"; fi
fi
for part in "$@"; do
  case $part in
    sizes | silos | rounds | link) ;;
    *) head_text >&2 && exit 2 ;;
  esac
done

if [ -z "${SCALING_BUILD:-}" ]; then
  jobs/setup.sh
  build_preset release
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # containers

# The mpirun of the Open MPI that it was built with. The sums pin their ranks themselves, one after the other.
launch_words() {
  launcher=("$(sed -n 's/^MPIEXEC_EXECUTABLE:.*=//p' "$programs/CMakeCache.txt")" --oversubscribe --bind-to none -np '{ranks}')
}

measure_link() { bench/comm/long_link.sh "$programs/bench/comm/ring_sum_bench" "${delays[@]}"; }

measure_parts "$@"
