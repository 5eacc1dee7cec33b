#!/usr/bin/env bash
# Aim: every file of a run folder that tells of the rounds agrees with metrics.jsonl, also after a stop and another start;
# with --json the summary is all that is printed.
# Method: one run of four ranks that ends early, then goes on; the files read by Python alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make_federation "$folder" 6
cd "$folder"
run=runs/small-1

# files_agree STATUS ROUNDS STARTS
files_agree() {
  python3 - "$run" "$@" <<'PY' || fail "the files of $run do not agree after $*"
import csv, glob, json, re, sys
run, status, rounds, starts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
lines = [json.loads(line) for line in open(run + "/metrics.jsonl")]
assert [line["round"] for line in lines] == list(range(1, rounds + 1))
table = list(csv.DictReader(open(run + "/metrics.csv")))
assert len(table) == rounds
for line, row in zip(lines, table):
    assert list(row) == list(line)
    for key, value in line.items():
        assert row[key] == ("" if value is None else value if isinstance(value, str) else json.dumps(value)) or float(row[key]) == value, (key, value, row[key])
phases = ["train", "encode", "mask", "sum", "decode", "evaluate", "checkpoint"]
timing = list(csv.DictReader(open(run + "/timing.csv")))
assert [(int(row["round"]), row["phase"]) for row in timing] == [(r, p) for r in range(1, rounds + 1) for p in phases]
assert all(row["silo"] in ("a", "b", "c", "d") and float(row["seconds_max"]) >= 0 for row in timing)
for line in lines:  # the first rank's own seconds are never above the longest; six digits are written
    for row in timing:
        if int(row["round"]) == line["round"] and row["phase"] + "_seconds" in line and row["phase"] != "checkpoint":
            assert float(row["seconds_max"]) * 1.00001 >= line[row["phase"] + "_seconds"], (line["round"], row)
prom = dict(re.findall(r'^(\w+)\{run="small-1"\} (\S+)$', open(run + "/metrics.prom").read(), re.M))
assert float(prom["crossilo_round"]) == rounds and float(prom["crossilo_held_back_loss"]) == lines[-1]["held_back_loss"]
summary = json.load(open(run + "/summary.json"))
assert summary["status"] == status and summary["rounds"] == rounds and summary["starts"] == starts, summary
assert summary["best_round"] == summary["best"]["round"] == lines[-1]["best_round"]
assert summary["last"]["held_back_loss"] == lines[-1]["held_back_loss"]
if summary["best_round"]:
    assert summary["best"]["held_back_loss"] == lines[summary["best_round"] - 1]["held_back_loss"]
assert summary["bytes_sent"] == sum(line["bytes_sent"] for line in lines)
assert abs(summary["seconds"]["train"] - sum(float(r["seconds_max"]) for r in timing if r["phase"] == "train")) < 1e-9
assert summary["seconds"]["all"] > 0
assert (summary["comparison"] is None) == (status != "finished")
assert len(glob.glob(run + "/tensorboard/events.out.tfevents.*")) == starts
PY
}

# out of time before its last round: a summary, but no comparison
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.rounds 100000 --max_hours 0.0005
expect_code 75
stopped=$(wc -l < $run/metrics.jsonl)
files_agree "stopped, to be started again" "$stopped" 1

# it goes on: without baselines the table has the federated row alone
more=$((stopped + 3))
"$CROSSILO_BIN" train small.ini --np 4 --run.rounds "$more" --run.baselines none > shown
files_agree finished "$more" 2
grep -q "^federated " shown || fail "no table in: $(cat shown)"
if grep -q "own data only\|pooled" shown; then fail "baselines in: $(cat shown)"; fi
grep -q "round $more/$more .* in all │ train .* sum .*B/s  4 silos" shown || fail "the last round's line is missing in: $(cat shown)"
python3 -c 'assert max(len(line.rstrip()) for line in open("shown", encoding="utf-8") if line.startswith("round")) < 120' ||
  fail "a line is too long: $(cat shown)"

# for a program: the summary and nothing else
"$CROSSILO_BIN" train small.ini --np 4 --run.name told --json > told.json
cmp told.json runs/told-1/summary.json || fail "printed: $(cat told.json)"

# each silo on a machine of its own: nobody reads all rows, so nothing is compared, and only the slowest silo is named
sed 's/^one_machine = true/one_machine = false/; s/^name = small/name = apart/' small.ini > apart.ini
"$CROSSILO_BIN" train apart.ini --np 4 --json > apart.json
python3 -c 'import json; assert json.load(open("apart.json"))["comparison"] is None' || fail "$(cat apart.json)"
[ ! -e runs/apart-1/comparison.json ] || fail "a comparison without run.one_machine"

if command -v promtool > promtool.path; then promtool check metrics < $run/metrics.prom; fi
