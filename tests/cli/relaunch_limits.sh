#!/usr/bin/env bash
# Aim: a run is started again only so often, not against the user's wish, and a launcher that does so for itself is not
# needed: under a bare mpirun, too, the ranks say who died and where.
# Method: real runs of four ranks; one is killed, and its file taken away so that it cannot come back.
set -euo pipefail
set -m
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
in_new_federation 100000
sed -i -e 's/^relaunches_max = 0/relaunches_max = 2/' -e 's/^one_machine = true/one_machine = true\nbaselines = none/' small.ini

# kill_c RUN: once it has done a round.
kill_c() {
  for _ in $(seq 600); do if [ -s "runs/$1/metrics.jsonl" ]; then break; fi && sleep 0.05; done
  kill -KILL "$(awk '$1 == "pid" { print $2 }' "runs/$1/ranks/2")" || fail "$1 did not start: $(cat out)"
}

# 1: the limit
"$CROSSILO_BIN" train small.ini --np 4 > out 2>&1 &
job=$!
for _ in $(seq 600); do if [ -s runs/small-1/metrics.jsonl ]; then break; fi && sleep 0.05; done
mv data/c.h5 data/c.keep
kill_c small-1
end
expect_code 5
expect_text "silo c (rank 2"
expect_text "; started again in 1 s (1 of at most 2 times in a row)"
expect_text "; started again in 2 s (2 of at most 2 times in a row)"
expect_text "the run was started again 2 times without a new finished round, and no more (run.relaunches_max)"
expect_text "Silo c does not come back; run.min_silos says whether the others may go on without it"
grep -q '"exit_code": 5' runs/small-1/outcome.json || fail "$(cat runs/small-1/outcome.json)"
python3 - <<'PY' || fail "$(cat runs/small-1/manifest.json)"
import json
relaunches = json.load(open("runs/small-1/manifest.json"))["relaunches"]
assert len(relaunches) == 2 and "died in" in relaunches[0]["why"] and "c.h5" in relaunches[1]["why"], relaunches
PY
mv data/c.keep data/c.h5

# 2: Ctrl-C between two starts; the same command goes on
"$CROSSILO_BIN" train small.ini --np 4 --resume never > out 2>&1 &
job=$!
kill_c small-2
for _ in $(seq 600); do if grep -q "started again in" out; then break; fi && sleep 0.02; done
kill -INT "$job"
end
expect_code 75
expect_text "stopped as asked, before the ranks were started again"
grep -q '"exit_code": 75' runs/small-2/outcome.json || fail "$(cat runs/small-2/outcome.json)"
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --max_hours 0.0003
expect_code 75
expect_text "going on with runs/small-2"

# 3: what is wrong from the start on is no reason to try again
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume never --data.path "$folder/data/nowhere-{silo}.h5"
expect_code 4
if grep -q "started again" <<< "$output"; then fail "it was tried again: $output"; fi

# 4: under mpirun itself
"${MPIEXEC:-mpirun}" --oversubscribe --bind-to none -np 4 "$CROSSILO_BIN" train small.ini --resume never > out 2>&1 &
job=$!
kill_c small-3
end
[ "$code" != 0 ] || fail "a lost silo is no success"
grep -aq '^crossilo: silo c (rank 2, host .*) died in "[a-z -]*, round [0-9]*" (its process is gone); ' out ||
  fail "no rank said who died: $(tail -n 20 out)"
grep -q '"silo": "c"' runs/small-3/outcome.json || fail "$(cat runs/small-3/outcome.json)"
