#!/usr/bin/env bash
# Aim: jobs/scaling.sh measures and writes lines as the page wants them, with right sums; the best of Open MPI's ways is the best.
# Method: two ranks and two sizes on the programs at hand; every line read; lines made by hand, whose best is known.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
programs=$(dirname "$CROSSILO_BIN")
[ -x "$programs/bench/comm/ring_sum_bench" ] || { echo "SKIPPED: built without benches"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

SCALING_RESULTS=$folder SCALING_BUILD=$programs SCALING_RANKS="1 2" SCALING_KILOBYTES="1 64" \
  "$root/jobs/scaling.sh" --quick sizes silos > "$folder/log" || fail "$(cat "$folder/log")"
python3 "$root/tests/cli/check_scaling_lines.py" "$folder/scaling.jsonl" sum_by_size sum_by_silos sum_by_sites
grep -q '"bytes": 65536, .*"pinned_to_cores": [1-9]' "$folder/scaling.jsonl" || fail "$(cat "$folder/scaling.jsonl")"
grep -q '"case": "MPI_Allreduce best tuned".*"algorithm": "' "$folder/scaling.jsonl" || fail "no best: $(cat "$folder/scaling.jsonl")"
# Each algorithm was really run.
for algorithm in basic_linear nonoverlapping recursive_doubling ring segmented_ring/65536 rabenseifner; do
  grep -q "\"case\":\"MPI_Allreduce $algorithm\"" "$folder/raw_sizes.jsonl" || fail "no $algorithm: $(cat "$folder/errors.log")"
done

line() { # CASE SECONDS WRONG
  printf '{"bench":"b","x":"bytes","bytes":4,"case":"%s","repeats":1,"seconds_min":%s,"seconds_median":%s,"seconds_p90":%s,"wrong_values":%s}\n' \
    "$1" "$2" "$2" "$2" "$3"
}
{ line "MPI_Allreduce ring" 3 0; line "MPI_Allreduce rabenseifner" 2 7; line "MPI_Allreduce default" 4 0; line ring_sum 1 0; line ring_sum 5 0; line ring_sum 9 1; } > "$folder/made.jsonl"
python3 "$root/bench/support/scaling_lines.py" "$folder/made.jsonl" > "$folder/found.jsonl"
found=$(python3 -c '
import json, sys
for line in map(json.loads, open(sys.argv[1])):
    print(line["case"], line["repeats"], line["seconds_min"], line["seconds_median"], line["seconds_p90"], line["wrong_values"], line.get("algorithm", ""))' \
  "$folder/found.jsonl")
[ "$found" = "ring_sum 3 1 5 9 1 
MPI_Allreduce default 1 4 4 4 0 
MPI_Allreduce best tuned 1 2 2 2 7 rabenseifner" ] || fail "$found"
status=0
output=$("$root/jobs/scaling.sh" nothing 2>&1) || status=$?
[ $status = 2 ] || fail "an unknown part: $status $output"
