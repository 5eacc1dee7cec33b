#!/usr/bin/env bash
# Aim: a long run takes no more memory than a short one.
# Method: a real run of four ranks and thousands of rounds; resident memory and page faults of every rank, as the kernel
# counts them, after 500 rounds and at the last look. Prints them a round.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 100000

"$CROSSILO_BIN" train small.ini --np 4 --quiet --run.baselines none > out 2>&1 &
job=$!
rounds() { if [ -e runs/small-1/metrics.jsonl ]; then wc -l < runs/small-1/metrics.jsonl; else echo 0; fi; }
# look: round, then kilobytes and page faults of each rank
look() {
  rounds
  for rank in 0 1 2 3; do
    pid=$(awk '$1 == "pid" { print $2 }' "runs/small-1/ranks/$rank")
    awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status"
    sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $8 }'
  done
}
until [ "$(rounds)" -ge 500 ]; do
  kill -0 "$job" 2> /dev/null || fail "the run ended early: $(cat out)"
  sleep 0.05
done
mapfile -t first < <(look)
until [ "$(rounds)" -ge 3000 ]; do
  kill -0 "$job" 2> /dev/null || fail "the run ended early: $(cat out)"
  sleep 0.2
done
mapfile -t last < <(look)
kill -TERM "$job"
code=0
wait "$job" || code=$?
output=$(cat out)
expect_code 75

passed=$((last[0] - first[0]))
for rank in 0 1 2 3; do
  grown=$((last[1 + 2 * rank] - first[1 + 2 * rank]))
  faults=$((last[2 + 2 * rank] - first[2 + 2 * rank]))
  echo "rank $rank: ${first[1 + 2 * rank]} kB after ${first[0]} rounds, $grown kB more after $passed further rounds; $(awk "BEGIN { printf \"%.3f\", $faults / $passed }") page faults a round"
  [ "$grown" -lt 1024 ] || fail "rank $rank grew by $grown kB in $passed rounds"
  [ $((10 * faults)) -lt "$passed" ] || fail "rank $rank touched $faults new pages in $passed rounds"
done
