#!/usr/bin/env bash
# Aim: jobs/scaling.sh measures and writes lines as the page wants them, with right sums; the best of Open MPI's ways is the best; what
# is cut off or fails takes no other line along. Method: two ranks and two sizes on the programs at hand; every line read; lines
# made by hand, whose best is known; rounds of a fake program; a launcher that prints one such line and hangs, and in other parts fails.
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
# The bound of rounds is one silo's time: none without it.
cat > "$folder/rounds" <<'FAKE'
#!/bin/sh
[ "$1" = train ] || exit 0
run=$5/$(basename "$2" .ini)-1
mkdir -p "$run"
printf '{"unix_seconds":%s}\n' 0 6 12 > "$run/metrics.jsonl"
FAKE
chmod +x "$folder/rounds"
bounds_of() { # SILOS…
  python3 "$root/bench/round/round_scaling.py" "$folder/rounds" "$folder/$#_silos" --silos "$@" --rows 4 --rounds 2 --cores 2 -- env |
    python3 -c 'import json, sys; print(*(json.loads(line).get("bound_seconds") for line in sys.stdin))'
}
[ "$(bounds_of 1 2 4)" = "6.0 3.0 3.0 6.0 6.0 12.0" ] || fail "the bounds are $(bounds_of 1 2 4)"
[ "$(bounds_of 2 4)" = "None None None None" ] || fail "without one silo the bounds are $(bounds_of 2 4)"
exit_code_of "$root/jobs/scaling.sh" nothing
expect_code 2

# Not as root, one start cut off after a second, all others failed: the page is drawn from what was measured until then.
mkdir -p "$folder/fake" "$folder/cut"
ln -s "$CROSSILO_BIN" "$folder/fake/crossilo"
echo "MPIEXEC_EXECUTABLE:FILEPATH=$folder/fake/mpirun" > "$folder/fake/CMakeCache.txt"
cat > "$folder/fake/mpirun" <<FAKE
#!/bin/sh
case "\$*" in
  *"--bench sum_by_size"*"--cases ring_sum"*) echo '$(line ring_sum 1 0)'; exec sleep 60 ;;
  *) exit 1 ;;
esac
FAKE
printf '#!/bin/sh\necho 1000\n' > "$folder/fake/id"
chmod +x "$folder/fake/mpirun" "$folder/fake/id"
exit_code_of env PATH="$folder/fake:$PATH" limit=1 SCALING_RESULTS="$folder/cut" SCALING_BUILD="$folder/fake" SCALING_RANKS=2 \
  SCALING_KILOBYTES=1 "$root/jobs/scaling.sh" --quick
expect_code 1
for text in "link       left out: the test cluster needs root" "sizes      … [0-9]* s" "silos      … failed" "rounds     … failed"; do
  grep -qx -- "$text" <<< "$output" || fail "no $text: $output"
done
grep -q "stopped after 1 s: 2 $folder/fake/bench/comm/ring_sum_bench" "$folder/cut/errors.log" || fail "$(cat "$folder/cut/errors.log")"
grep -q '"bench": "b", .*"case": "ring_sum"' "$folder/cut/scaling.jsonl" || fail "no line: $output"
! grep -q "han, stopped" "$folder/cut/scaling.jsonl" || fail "han failed, which is no time: $(cat "$folder/cut/scaling.jsonl")"
[ -s "$folder/cut/scaling.html" ] || fail "no page: $output"
