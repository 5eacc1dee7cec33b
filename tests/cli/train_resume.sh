#!/usr/bin/env bash
# Aim: a run that is killed, stopped or out of time goes on with the same command and ends with the bits of one that was
# left alone; no two jobs work in one folder; what is damaged is passed over.
# Method: one run left alone as the oracle; then real runs of four ranks that are killed at random moments and started
# again; models compared byte by byte, metrics without their times.
set -euo pipefail
set -m # else bash starts background commands with Ctrl-C ignored
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make_federation "$folder" 300
cd "$folder"
sed -i -e 's/^name = fedavg/name = fedadam/' -e 's/^\[train\]/[stop]\npatience_rounds = 1000\n\n[train]/' \
  -e 's/^one_machine = true/one_machine = true\ncheckpoint_every_rounds = 7\nbaselines = none/' small.ini
kills=${CROSSILO_TEST_KILLS:-10}

# Every silo keeps its secret, and so its randomness, over all runs here.
"$CROSSILO_BIN" train small.ini --np 4 --run.name alone > alone.log

# same RUN: that run's models and metrics are those of the run left alone.
same() {
  python3 - "runs/alone-1" "$1" <<'PY' || fail "$1 differs from the run left alone"
import json, struct, sys
def tensors(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    return {k: v for k, v in json.loads(raw[8:8 + size]).items() if k != "__metadata__"}, raw[8 + size:]
def rounds(folder):
    lines = [json.loads(line) for line in open(folder + "/metrics.jsonl")]
    return [{k: v for k, v in line.items() if not k.endswith("_seconds")} for line in lines]
whole, other = sys.argv[1:]
for name in ("global", "last"):
    assert tensors(f"{whole}/model/{name}.safetensors") == tensors(f"{other}/model/{name}.safetensors"), name
assert rounds(whole) == rounds(other), [(a, b) for a, b in zip(rounds(whole), rounds(other)) if a != b][:1]
PY
}

# start ARGUMENT…: starts the run in the background.
start() {
  "$CROSSILO_BIN" train small.ini --np 4 "$@" > out 2>&1 &
  job=$!
}
end() {
  code=0
  wait "$job" 2> /dev/null || code=$?
  output=$(cat out)
}
ranks_of() { awk '$1 == "pid" { print $2 }' "$1"/ranks/* 2> /dev/null || true; }

# 1: killed at random moments: one rank, all of them, or the supervisor with them
RANDOM=1
for kill in $(seq "$kills"); do
  start
  sleep "0.$((RANDOM % 90 + 10))"
  mapfile -t ranks < <(ranks_of runs/small-1)
  case $((kill % 3)) in
    0) kill -KILL "$job" ;;
    1) [ ${#ranks[@]} -eq 0 ] || kill -KILL "${ranks[RANDOM % ${#ranks[@]}]}" 2> /dev/null || true ;;
    2) [ ${#ranks[@]} -eq 0 ] || kill -KILL "${ranks[@]}" 2> /dev/null || true ;;
  esac
  end
  # mpirun ends the ranks that are left; the lock falls with the last of them
  for _ in $(seq 100); do
    alive=0
    for rank in "${ranks[@]}"; do if kill -0 "$rank" 2> /dev/null; then alive=1; fi; done
    [ $alive = 0 ] && break
    sleep 0.1
  done
done
start
end
expect_code 0
same runs/small-1
[ ! -e runs/small-2 ] || fail "a killed run went on in another folder"
[ "$(ls runs/small-1/checkpoints | wc -l)" -le 2 ] || fail "more than two checkpoints are kept"
python3 - runs/small-1/manifest.json <<'PY' || fail "the manifest does not tell of every start: $(cat runs/small-1/manifest.json)"
import json, sys
manifest = json.load(open(sys.argv[1]))
starts = manifest["starts"]
assert manifest["status"] == "finished" and manifest["exit_code"] == 0
assert len(starts) > 2 and starts[0]["from_round"] == 0 and starts[-1]["from_round"] > 0
assert [s["from_round"] for s in starts] == sorted(s["from_round"] for s in starts)
assert starts[-1]["outcome"]["exit_code"] == 0 and [r["silos"] for r in starts[-1]["ranks"]] == [["a"], ["b"], ["c"], ["d"]]
PY
"$CROSSILO_BIN" plan runs/small-1/config.ini > /dev/null || fail "config.ini of the run folder is no configuration"

# 2: stopped as asked, on another number of ranks, then on
start
until [ -s runs/small-2/metrics.jsonl ]; do sleep 0.05; done
kill -INT "$job"
end
expect_code 75
expect_text "The same command goes on"
exit_code_of "$CROSSILO_BIN" train small.ini --np 2 --simulate
expect_code 0
expect_text "going on with runs/small-2 after round"
same runs/small-2

# 3: out of time
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --max_hours 0.00005
expect_code 75
grep -q '"status": "stopped, to be started again"' runs/small-3/manifest.json || fail "$(cat runs/small-3/manifest.json)"

# 4: a damaged checkpoint is told, and the one before it taken
newest=$(ls -v runs/small-3/checkpoints/round-*.h5 | tail -n 1)
printf 'x' | dd of="$newest" bs=1 seek=700 conv=notrunc 2> /dev/null
start --max_hours 0.0005
end
expect_text "$newest: is damaged"
case $code in 0 | 75) ;; *) fail "exit code $code: $output" ;; esac
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
[ "$code" = 0 ] || fail "exit code $code: $output"
[ -e runs/small-4 ] || same runs/small-3

# 5: other settings are another run; the named one says why it cannot
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume runs/small-1 --train.learning_rate 0.01
expect_code 2
expect_text "had other settings"
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --resume runs/nowhere
expect_code 2
expect_text "--resume runs/nowhere"

# 6: a finished run is made longer
"$CROSSILO_BIN" train small.ini --np 4 --run.name short --run.rounds 200 > short.log
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.name short --resume runs/short-1
expect_code 0
same runs/short-1

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
[ "$(awk '$1 == "finished"' runs/busy-1/ranks/* | wc -l)" = 4 ] || fail "the second job disturbed the first"

# 8: a disk that is full: told, and the checkpoint before is intact
if mkdir small_disk && mount -t tmpfs -o size=400k tmpfs small_disk 2> /dev/null; then
  trap 'umount "$folder/small_disk" 2> /dev/null; rm -rf "$folder"' EXIT
  "$CROSSILO_BIN" train busy.ini --np 4 --runs small_disk > out 2>&1 &
  job=$!
  end
  expect_code 9
  expect_text "small_disk/busy-1"
  if compgen -G "small_disk/busy-1/checkpoints/*.tmp.*" > /dev/null; then fail "half a file is left"; fi
  umount small_disk
fi
