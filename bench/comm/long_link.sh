#!/usr/bin/env bash
# The sum over a long link: two sites of the test cluster (slurm/testcluster.sh, needs root), 1 Gbit/s between them. Prints one
# JSON line a case; bench/support/scaling_lines.py makes the best of Open MPI's algorithms, and of several cold starts, one line.
#   bench/comm/long_link.sh RING_SUM_BENCH [DELAY_MS…]   one way; 5, 25 and 50 by default
# LONG_LINK_QUICK=1: one layout and one cold start, without 15 s of silence. LONG_LINK_WORDS: of the vector (33 MB).
# han that does not end within HAN_SECONDS (60) is stopped.
set -euo pipefail
bench=$(realpath "$1")
shift
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
cluster=$here/../slurm/testcluster.sh
words=${LONG_LINK_WORDS:-8250000}
algorithms=(recursive_doubling ring segmented_ring/1048576 rabenseifner)
CLUSTER_FOLDER=$(mktemp -d)
export CLUSTER_FOLDER CLUSTER_RATE_MBIT=1000 CLUSTER_QUEUE_KB=16000
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184
trap '"$cluster" down > /dev/null 2>&1 || true' EXIT

# on_sites [OPTION…]: the bench on the nodes and ranks of the layout at hand.
on_sites() {
  "$cluster" run timeout -k 5 "${limit:-300}" srun --quiet --mpi=pmix -K -w "$nodes" --ntasks-per-node="$ranks" "$bench" --words "$words" \
    --bench long_link --x round_trip_ms --bound "$bound" --sites "${sites[@]}" \
    --set "round_trip_ms=$((2 * delay_ms))" "goodput_mbit=$goodput_mbit" "$@" | grep '^{'
}

# What TCP itself carries, measured between two nodes; M / B + L is the bound: of the vector both ways at once, and two half round trips.
measure_link() {
  local bits trip server
  "$cluster" on b1 python3 "$here/support/tcp_goodput.py" serve &
  server=$!
  sleep 1
  read -r bits trip < <("$cluster" on a1 python3 "$here/support/tcp_goodput.py" measure b1)
  kill "$server" 2>/dev/null || true
  goodput_mbit=$(awk -v b="$bits" 'BEGIN { printf "%.0f", b / 1e6 }')
  bound=$(awk -v b="$bits" -v l="$trip" -v w="$words" 'BEGIN { printf "%.5f", 32 * w / b + l }')
}

# So far: bytes and packets that left and reached site a (router a's device), and segments that TCP of a1 and b1 sent.
# shellcheck disable=SC2016
link_counters() {
  {
    "$cluster" run awk '$1 == "wan:" { printf "%.0f %.0f 0\n", $2 + $10, $3 + $11 }' /proc/net/dev
    for node in a1 b1; do
      "$cluster" on $node awk '$1 == "Tcp:" && $12 ~ /[0-9]/ { print 0, 0, $12 }' /proc/net/snmp
    done
  } | awk '{ size += $1; packets += $2; segments += $3 } END { printf "%.0f %.0f %.0f\n", size, packets, segments }'
}

# Counted outside the program: what four more sums add. A packet on the device has one header of 52 bytes (IP, TCP, its
# time stamp) even where it stands for several segments, which have one each on the wire. Both directions together carry
# 2 x 2 (K - 1) / K x M = 2 M for two sites.
count_bytes() { # GROUP
  local counts=() repeats
  for repeats in 2 6; do
    counts+=("$(link_counters)")
    on_sites --cases ring_sum --cold --repeats "$repeats" >"$CLUSTER_FOLDER/counted"
    counts+=("$(link_counters)")
  done
  python3 -c '
import json, sys
line, group = json.loads(sys.stdin.readline()), sys.argv[1]
counts = [[int(number) for number in text.split()] for text in sys.argv[2:]]
size, packets, segments = (after6 - before6 - after2 + before2 for before2, after2, before6, after6 in zip(*counts))
minimum = 2 * line["bytes"] * 4
line.update(bench="long_link_bytes", group=group,
            payload_over_minimum=(size - 52 * packets) / minimum, link_over_minimum=(size + 52 * (segments - packets)) / minimum)
print(json.dumps(line))' "$1" "${counts[@]}" <"$CLUSTER_FOLDER/counted"
}

# han in a start of its own: where it does not end, the line says so, with the limit as its seconds; where it fails, it has none.
try_han() { # GROUP
  local limit=${HAN_SECONDS:-60} began=$SECONDS
  on_sites --group "$1, warm" --cases han --repeats 2 || [ $((SECONDS - began)) -lt "$limit" ] ||
    printf '{"bench":"long_link","x":"round_trip_ms","case":"han, stopped: at least","group":"%s, warm","round_trip_ms":%s,"repeats":1,%s}\n' \
      "$1" $((2 * delay_ms)) "\"seconds_min\":$limit,\"seconds_median\":$limit,\"seconds_p90\":$limit"
}

measure_layout() { # GROUP NODES RANKS_OF_A_NODE SITE…
  local group=$1 nodes=$2 ranks=$3 sites=("${@:4}") case start
  on_sites --group "$group, warm" --cases ring_sum default "${algorithms[@]}" --repeats 5
  for ((start = 0; start < ${cold_starts:-3}; ++start)); do # each case in starts of its own: the first warms the link for the next
    for case in ring_sum default "${algorithms[@]}"; do
      on_sites --group "$group, cold" --cases "$case" --cold --repeats 1
    done
  done
  # In turn, each behind 15 s in which nothing is sent.
  if [ -z "${LONG_LINK_QUICK:-}" ] && [[ $group != *"2 nodes" ]]; then
    on_sites --group "$group, after 15 s of silence" --cases ring_sum default recursive_doubling rabenseifner --silence 15 --repeats 2
  fi
  [[ $nodes != a1,b1 ]] || count_bytes "$group"
  try_han "$group"
}

[ $# -gt 0 ] || set -- 5 25 50
[ -z "${LONG_LINK_QUICK:-}" ] || cold_starts=1
for delay_ms in "$@"; do
  CLUSTER_DELAY_MS=$delay_ms "$cluster" up >/dev/null
  measure_link
  measure_layout "2 sites x 1 rank" a1,b1 1 0 1
  if [ -z "${LONG_LINK_QUICK:-}" ]; then
    measure_layout "2 sites x 2 ranks, 4 nodes" a1,a2,b1,b2 1 0 0 1 1
    measure_layout "2 sites x 2 ranks, 2 nodes" a1,b1 2 0 0 1 1
  fi
  "$cluster" down >/dev/null
done
