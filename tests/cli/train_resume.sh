#!/usr/bin/env bash
# Aim: a run that is killed, stopped or out of time goes on with the same command and ends with the bits of one that was
# left alone; no two jobs work in one folder; what is damaged is passed over.
# Method: one run left alone as the oracle; then real runs of four ranks that are killed at random moments and started
# again; models compared byte by byte, metrics without their times.
set -euo pipefail
set -m # else bash starts background commands with Ctrl-C ignored
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
config=small.ini
in_new_federation 300
sed -i -e 's/^name = fedavg/name = fedadam/' -e 's/^\[train\]/[stop]\npatience_rounds = 1000000\n\n[train]/' \
  -e 's/^one_machine = true/one_machine = true\ncheckpoint_every_rounds = 7\nbaselines = none/' small.ini
kills=${KILLS:-4}

# Every silo keeps its secret, and so its randomness, over all runs here.
"$CROSSILO_BIN" train small.ini --np 4 --run.name alone > alone.log                        # 300 rounds: runs/alone-1
"$CROSSILO_BIN" train small.ini --np 4 --run.name alone --run.rounds 3000 > alone.log       # runs/alone-2

# 1: killed at random moments
kill_and_go_on killed 3000 "$kills"
expect_code 0
same runs/killed-1 runs/alone-2
[ ! -e runs/killed-2 ] || fail "a killed run went on in another folder"
[ "$(find runs/killed-1/checkpoints -type f | wc -l)" -le 2 ] || fail "more than two checkpoints are kept"
python3 - runs/killed-1/manifest.json <<'PY' || fail "the manifest does not tell of every start: $(cat runs/killed-1/manifest.json)"
import json, sys
manifest = json.load(open(sys.argv[1]))
starts = manifest["starts"]
assert manifest["status"] == "finished" and manifest["exit_code"] == 0
assert starts[0]["from_round"] == 0
assert [s["from_round"] for s in starts] == sorted(s["from_round"] for s in starts)
assert starts[-1]["outcome"]["exit_code"] == 0 and [r["silos"] for r in starts[-1]["ranks"]] == [["a"], ["b"], ["c"], ["d"]]
PY
"$CROSSILO_BIN" plan runs/killed-1/config.ini > /dev/null || fail "config.ini of the run folder is no configuration"

# 2: stopped as asked, on another number of ranks, then on
start --run.rounds 100000
until [ -s runs/small-1/metrics.jsonl ]; do sleep 0.05; done
kill -INT "$job"
end
expect_code 75
expect_text "The same command goes on"
stopped=$(tail -n 1 runs/small-1/metrics.jsonl | python3 -c 'import json, sys; print(json.load(sys.stdin)["round"])')
exit_code_of "$CROSSILO_BIN" train small.ini --np 2 --simulate --run.rounds "$((stopped + 20))"
expect_code 0
expect_text "going on with runs/small-1 after round $stopped"
"$CROSSILO_BIN" train small.ini --np 4 --run.name alone --run.rounds "$((stopped + 20))" > alone.log
same runs/small-1 runs/alone-3

# 3: out of time; then a damaged checkpoint is told, and the one before it taken
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.rounds 100000 --max_hours 0.0005
expect_code 75
grep -q '"status": "stopped, to be started again"' runs/small-2/manifest.json || fail "$(cat runs/small-2/manifest.json)"
newest=$(find runs/small-2/checkpoints -name 'round-*.h5' | sort -V | tail -n 1)
stopped=$(basename "$newest" .h5)
stopped=${stopped#round-}
printf 'x' | dd of="$newest" bs=1 seek=700 conv=notrunc 2> /dev/null
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.rounds "$stopped"
expect_code 0
expect_text "$newest: is damaged"
"$CROSSILO_BIN" train small.ini --np 4 --run.name alone --run.rounds "$stopped" > alone.log
same runs/small-2 runs/alone-4

# 5: other settings are another run; the named one says why it cannot
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume runs/killed-1 --train.learning_rate 0.01
expect_code 2
expect_text "had other settings"
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume runs/nowhere
expect_code 2
expect_text "--resume runs/nowhere"

# 6: a finished run is made longer
"$CROSSILO_BIN" train small.ini --np 4 --run.name short --run.rounds 200 > short.log
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.name short --resume runs/short-1
expect_code 0
same runs/short-1 runs/alone-1

# 7: a second job in the same folder
sed 's/^rounds = .*/rounds = 1000000/; s/^name = small/name = busy/' small.ini > busy.ini
"$CROSSILO_BIN" train busy.ini --np 4 > out 2>&1 &
job=$!
until [ -s runs/busy-1/metrics.jsonl ]; do sleep 0.05; done
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4
expect_code 9
expect_text "works in it"
kill -TERM "$job"
end
expect_code 75
[ "$(grep -lx finished runs/busy-1/ranks/* | wc -l)" = 4 ] || fail "the second job disturbed the first"

# a job that is refused leaves the one at work in peace, also where it was started by hand into its folder
"$CROSSILO_BIN" train busy.ini --np 4 --run.name peace > out 2>&1 &
job=$!
until [ -s runs/peace-1/metrics.jsonl ]; do sleep 0.05; done
exit_code_of "${MPIEXEC:-mpirun}" --oversubscribe -n 4 "$CROSSILO_BIN" train busy.ini --run.name peace --run_folder runs/peace-1
[ "$code" != 0 ] || fail "two jobs in one folder"
[ ! -e runs/peace-1/outcome.json ] || fail "the refused job ended the other: $(cat runs/peace-1/outcome.json)"
kill -TERM "$job"
end
expect_code 75
expect_text "stops after the round at hand"

# a start that is out of time before its first round is stopped, too; one that could not begin changes nothing
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace --max_hours 0.0000001
expect_code 75
exit_code_of env CROSSILO_MPIRUN=/bin/false "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace
[ "$code" != 0 ] || fail "a false mpirun started something"
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace --max_hours 0.0003
expect_code 75
expect_text "going on with runs/peace-1 after round"

# checkpoints of another version are refused, not thrown away; neither are those of which none is whole
mkdir kept && cp runs/peace-1/checkpoints/*.h5 kept
for file in runs/peace-1/checkpoints/*.h5; do printf 'crossilo checkpoint 3' | dd of="$file" conv=notrunc 2> /dev/null; done
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace
expect_code 9
expect_text 'is a "crossilo checkpoint 3"; this program reads "crossilo checkpoint 2"'
cp kept/* runs/peace-1/checkpoints
truncate -s 700 runs/peace-1/checkpoints/*.h5
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace
expect_code 9
expect_text "of its checkpoints none is whole"
cp kept/* runs/peace-1/checkpoints
exit_code_of "$CROSSILO_BIN" train busy.ini --np 4 --run.name peace --max_hours 0.0003
expect_code 75
expect_text "going on with runs/peace-1 after round"
[ ! -e runs/peace-2 ] || fail "a run was begun anew: $(cat runs/peace-2/manifest.json)"

# 8: a disk that is full: told, and the checkpoint before is intact
if mkdir small_disk && mount -t tmpfs -o size=400k tmpfs small_disk 2> /dev/null; then
  trap 'umount -l "$folder/small_disk" 2> /dev/null || true; rm -rf "$folder"' EXIT
  "$CROSSILO_BIN" train busy.ini --np 4 --runs small_disk > out 2>&1 &
  job=$!
  end
  expect_code 9
  expect_text "small_disk/busy-1"
  if compgen -G "small_disk/busy-1/checkpoints/*.tmp.*" > /dev/null; then fail "half a file is left"; fi
  umount -l small_disk
fi

# 9: lanes of 8 bits: what encoding left over is each silo's own, and it goes on with it
# Long epochs: it is killed before it ends.
narrow=(--np 4 --privacy.lane_bits 8 --train.local_epochs 30)
"$CROSSILO_BIN" train small.ini "${narrow[@]}" --run.name wide > alone.log
start "${narrow[@]:2}" --run.name narrow
await_checkpoint runs/narrow-1 7
mapfile -t ranks < <(living_ranks runs/narrow-1)
kill -KILL "$job"
end
wait_for_end "${ranks[@]}"
"$CROSSILO_BIN" train small.ini "${narrow[@]}" --run.name narrow > out 2>&1 || fail "it does not go on: $(cat out)"
same runs/narrow-1 runs/wide-1
if grep -q "is lost" out; then fail "the remainder was not found: $(cat out)"; fi
rm private/b/narrow-1-*.round-300.remainder
exit_code_of "$CROSSILO_BIN" train small.ini "${narrow[@]}" --run.name narrow --resume runs/narrow-1 --run.rounds 310
expect_code 0
expect_text "silo b: $folder/private/b/narrow-1-"
expect_text ".round-300.remainder: is not there"

# 10: the end for a program
"$CROSSILO_BIN" train small.ini --np 4 --run.name told --run.baselines own --json > told.json
python3 - told.json <<'PY' || fail "one JSON object was wanted: $(cat told.json)"
import json, sys
told = json.load(open(sys.argv[1]))
assert told["run"] == "runs/told-1" and told["rounds"] == 300 and len(told["comparison"]["own"]) == 4
PY
