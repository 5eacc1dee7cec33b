#!/usr/bin/env bash
# The sum over a long link: two sites of the test cluster (slurm/testcluster.sh, needs root), 1 Gbit/s between them.
#   bench/comm/long_link.sh RING_SUM_BENCH [DELAY_MS…]   one way; 5, 25 and 50 by default. One JSON line a case.
set -euo pipefail
bench=$(realpath "$1")
shift
cluster=$(dirname "${BASH_SOURCE[0]}")/../../slurm/testcluster.sh
words=8250000 # 33 MB
CLUSTER_FOLDER=$(mktemp -d)
export CLUSTER_FOLDER CLUSTER_RATE_MBIT=1000 CLUSTER_QUEUE_KB=16000
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
trap '"$cluster" down > /dev/null 2>&1 || true' EXIT

# measure DELAY_MS NODES RANKS_OF_A_NODE SITE…
measure() {
  local delay=$1 nodes=$2 ranks=$3
  shift 3
  "$cluster" run srun --quiet --mpi=pmix -K -w "$nodes" --ntasks-per-node="$ranks" \
    "$bench" --words "$words" --repeats 5 --sites "$@" 2> /dev/null | sed -n "s/^{/{\"delay_ms\":$delay,/p"
}

[ $# -gt 0 ] || set -- 5 25 50
for delay_ms in "$@"; do
  CLUSTER_DELAY_MS=$delay_ms "$cluster" up > /dev/null
  measure "$delay_ms" a1,b1 1 0 1
  measure "$delay_ms" a1,a2,b1,b2 1 0 0 1 1
  measure "$delay_ms" a1,b1 2 0 0 1 1
  "$cluster" down > /dev/null
done
