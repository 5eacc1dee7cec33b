#!/usr/bin/env bash
# Aim: where run.min_silos allows it, a run goes on without a silo that does not come back, says so in every record, has
# the bits of a run over those that are left from the same checkpoint on, and takes the silo in again.
# Method: real runs; one rank is killed and its file taken away; the oracle starts from a copy of the run's folder.
set -euo pipefail
set -m
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
in_new_federation 2500
sed -i -e 's/^relaunches_max = 0/relaunches_max = 3\nmin_silos = 3/' \
  -e 's/^one_machine = true/one_machine = true\ncheckpoint_every_rounds = 20/' small.ini

"$CROSSILO_BIN" train small.ini --np 4 > out 2>&1 &
job=$!
await_checkpoint runs/small-1 20
mv data/c.h5 data/c.keep
kill -KILL "$(awk '$1 == "pid" { print $2 }' runs/small-1/ranks/2)" || fail "it did not start: $(cat out)"
for _ in $(seq 600); do if grep -q "in a row, without silo c" out; then break; fi && sleep 0.02; done
mkdir oracle
cp -r runs/small-1 oracle # the next start comes in two seconds
end
expect_code 0
expect_text "warning: without silo c: the sum is over the others"

# the oracle: nobody is killed
exit_code_of "$CROSSILO_BIN" train small.ini --np 3 --without_silos c --resume oracle/small-1
expect_code 0
same runs/small-1 oracle/small-1

python3 - <<'PY' || fail "the records do not say who was missing"
import json
run = "runs/small-1/"
manifest = json.load(open(run + "manifest.json"))
last = manifest["starts"][-1]
assert last["missing_silos"] == ["c"] and [r["silos"] for r in last["ranks"]] == [["a"], ["b"], ["d"]], last
assert [r["missing_silos"] for r in manifest["relaunches"]] == [[], ["c"]], manifest["relaunches"]
lines = [json.loads(line) for line in open(run + "metrics.jsonl")]
for line in lines:
    is_without = line["round"] > last["from_round"]
    assert (line["missing_silos"], line["silos"]) == (("c", 3) if is_without else ("", 4)), line
resumed = lines[last["from_round"] - 1]
assert resumed["held_back_loss"] is None, "the model of the checkpoint was evaluated by two cohorts"
summary = json.load(open(run + "summary.json"))
assert summary["missing_silos"] == {"c": 2500 - last["from_round"]}, summary["missing_silos"]
assert summary["comparison"]["silos"] == ["a", "b", "d"]
page = open(run + "report.html").read()
assert "without silo c" in page and "Started again by itself" in page
print(f"went on without silo c behind round {last['from_round']}")
PY

# it comes back
mv data/c.keep data/c.h5
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume runs/small-1 --run.rounds 2520
expect_code 0
python3 - <<'PY' || fail "the silo was not taken in again"
import json
lines = [json.loads(line) for line in open("runs/small-1/metrics.jsonl")]
assert all(line["silos"] == 4 and line["missing_silos"] == "" for line in lines[2500:]) and len(lines) == 2520
PY

# who may be left out
for silos in 0 4; do
  exit_code_of "$CROSSILO_BIN" train small.ini --np 3 --without_silos c --run.min_silos "$silos"
  expect_code 2
  expect_text "--without_silos c: leaves 3 silos, but run.min_silos = $silos wants"
done
exit_code_of "$CROSSILO_BIN" train small.ini --np 3 --without_silos x
expect_code 2
expect_text '"x" is not in run.silos'
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --without_silos c
expect_code 3
exit_code_of "$CROSSILO_BIN" train small.ini --np 3 --without_silos c --simulate
expect_code 2
expect_text "a simulation wants all silos"
# shellcheck disable=SC2016
exit_code_of "${MPIEXEC:-mpirun}" --oversubscribe --bind-to none -np 3 bash -c 'left=(c c d)
  exec "$CROSSILO_BIN" train small.ini --resume never --without_silos "${left[OMPI_COMM_WORLD_RANK]}"'
expect_code 2
expect_text "--without_silos is c of"
