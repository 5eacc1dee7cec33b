#!/usr/bin/env bash
# Measures the seconds from the start of the process to the end of the first round, at 4 ranks, training included.
# Prints one JSON line. The bound beside it: the same mpirun starting `crossilo --version` on 4 ranks, which loads
# libtorch and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CROSSILO_BIN=${1:-build/release/crossilo}
bin=$CROSSILO_BIN
repeats=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ -f data/heart/va.h5 ] || jobs/data_heart.sh >&2
sed -e 's/^rounds .*/rounds = 1/' -e 's/^one_machine .*/one_machine = false/' configs/heart.ini > "$folder/start.ini"
# The mpirun of the Open MPI that the program was built with.
mpirun=$(sed -n 's/^MPIEXEC_EXECUTABLE:.*=//p' "$(dirname "$bin")/CMakeCache.txt")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
now() { date +%s.%N; }
for ((i = 0; i <= repeats; i++)); do
  start=$(now)
  "$bin" train "$folder/start.ini" --np 4 --runs "$folder/runs" > "$folder/log"
  run=$folder/runs/heart-$((i + 1))
  end=$(python3 -c 'import json,sys; print(json.loads(open(sys.argv[1]).readline())["unix_seconds"])' "$run/metrics.jsonl")
  before=$(now)
  "$mpirun" --oversubscribe --bind-to none -np 4 "$bin" --version > "$folder/log"
  after=$(now)
  [ "$i" = 0 ] && continue # warms the page cache
  echo "$start $end $before $after"
done | python3 -c '
import json, statistics, sys
rows = [[float(x) for x in line.split()] for line in sys.stdin]
seconds = sorted(r[1] - r[0] for r in rows)
load = sorted(r[3] - r[2] for r in rows)
print(json.dumps({"bench": "start_up", "case": "4 ranks, first round", "repeats": len(rows),
  "seconds_min": round(seconds[0], 3), "seconds_median": round(statistics.median(seconds), 3),
  "seconds_p90": round(seconds[int(len(seconds) * 0.9) if len(seconds) > 1 else 0], 3),
  "bound_seconds": round(statistics.median(load), 3)}))'
