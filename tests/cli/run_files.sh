#!/usr/bin/env bash
# Aim: all files of a run folder agree with metrics.jsonl, also after a stop, a kill and another start; what goes wrong
# beside it is told and ends nothing; with --json one object is printed.
# Method: runs of four ranks that end early, are killed, go on, meet damaged files; all read by Python alone.
set -euo pipefail
set -m
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/federation.sh"
source "$here/resume.sh"
in_new_federation 6
run=runs/small-1
# shellcheck disable=SC2034 # read by start
config=small.ini

# files_agree STATUS ROUNDS STARTS [UNTIMED]: timing.csv may lack that round.
files_agree() {
  python3 - "$run" "$@" <<'PY' || fail "the files of $run do not agree after $*"
import csv, glob, json, re, sys
run, status, rounds, starts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
untimed = int(sys.argv[5]) if len(sys.argv) > 5 else None
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
timed = [r for r in range(1, rounds + 1) if r != untimed or any(int(row["round"]) == r for row in timing)]
assert [(int(row["round"]), row["phase"]) for row in timing] == [(r, p) for r in timed for p in phases]
assert all(row["silo"] in ("a", "b", "c", "d") and float(row["seconds_max"]) >= 0 for row in timing)
for line in lines:  # the first rank's own seconds are never above the longest; six digits are written
    for row in timing:
        if int(row["round"]) == line["round"] and row["phase"] + "_seconds" in line and row["phase"] != "checkpoint":
            assert float(row["seconds_max"]) * 1.00001 >= line[row["phase"] + "_seconds"], (line["round"], row)
prom = dict(re.findall(r'^(\w+)\{run="[a-z]+-1"\} (\S+)$', open(run + "/metrics.prom").read(), re.M))
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

# killed behind a checkpoint: the times of that round travel in the next one's opening, and may be lost
run=runs/killed-1
start --run.name killed --run.rounds 100000
await_checkpoint $run 20
mapfile -t ranks < <(living_ranks $run)
kill -KILL "$job" "${ranks[@]}" 2> /dev/null || true
end
wait_for_end "${ranks[@]}"
kept=$(basename "$(find $run/checkpoints -name 'round-*.h5' | sort -V | tail -1)" .h5)
kept=${kept#round-}
"$CROSSILO_BIN" train small.ini --np 4 --run.name killed --run.rounds $((kept + 3)) --resume $run > out
files_agree finished $((kept + 3)) 2 "$kept"

# files beside metrics.jsonl that cannot be written, and a line in timing.csv that is none: warnings, and a whole end
run=runs/hurt-1
start --run.name hurt --run.rounds 100000
until [ -e $run/metrics.prom ]; do sleep 0.02; done
until rm -rf $run/metrics.prom && mkdir $run/metrics.prom 2> /dev/null; do :; done
until grep -q "metrics.prom: cannot be replaced: .*training goes on" out; do
  sleep 0.05
  kill -0 "$job" 2> /dev/null || fail "it ended: $(cat out)"
done
echo garbage >> $run/timing.csv
kill -INT "$job"
end
expect_code 75
expect_text "timing.csv: 1 line is passed over: not round, phase, seconds and silo; the first: garbage"
[ "$(grep -c "metrics.prom" out)" = 1 ] || fail "more than one warning: $output"
[ -s $run/summary.json ] || fail "no summary: $output"
[ -s $run/report.html ] || fail "no page: $output"

# a metrics.jsonl that is damaged as the run goes: no summary, and all are told
start --run.name garbled --run.rounds 100000 --json
until [ -s runs/garbled-1/metrics.jsonl ]; do sleep 0.02; done
echo garbage >> runs/garbled-1/metrics.jsonl
kill -INT "$job"
end
expect_code 75
expect_text "crossilo: warning: no summary.json, though the models are saved: runs/garbled-1"
expect_text '"exit_code": 75,'
[ -s runs/garbled-1/report.html ] || fail "no page: $output"

# for a program, a run that failed: how, and whose failure it was
"$CROSSILO_BIN" train small.ini --np 4 --run.name lost --run.rounds 100000 --json > lost.json 2> lost.log &
job=$!
until [ -s runs/lost-1/metrics.jsonl ]; do sleep 0.02; done
kill -KILL "$(awk '$1 == "pid" { print $2 }' runs/lost-1/ranks/1)"
end
expect_code 5
python3 - <<'PY' || fail "printed: $(cat lost.json lost.log)"
import json
told = json.load(open("lost.json"))
assert told["run"] == "runs/lost-1" and told["exit_code"] == 5 and told["silo"] == "b" and "silo b" in told["error"], told
PY

if command -v promtool > promtool.path; then promtool check metrics < $run/metrics.prom; fi
