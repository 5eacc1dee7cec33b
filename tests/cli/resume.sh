# Shared by the tests that stop, kill and go on with runs. Source it after federation.sh, with `set -m`; $config is the
# configuration that runs are started with.
# shellcheck shell=bash

# same RUN AS: that run's models and metrics are those of a run left alone.
same() {
  python3 - "$2" "$1" <<'PY' || fail "$1 differs from $2, which was left alone"
import json, struct, sys
def tensors(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    return {k: v for k, v in json.loads(raw[8:8 + size]).items() if k != "__metadata__"}, raw[8 + size:]
def rounds(folder):
    lines = [json.loads(line) for line in open(folder + "/metrics.jsonl")]
    return [{k: v for k, v in line.items() if not k.endswith("_seconds") and k not in ("bytes_sent", "mask")} for line in lines]
whole, other = sys.argv[1:]
for name in ("global", "last"):
    assert tensors(f"{whole}/model/{name}.safetensors") == tensors(f"{other}/model/{name}.safetensors"), name
assert rounds(whole) == rounds(other), [(a, b) for a, b in zip(rounds(whole), rounds(other)) if a != b][:1]
PY
}

# start ARGUMENT…: starts the run in the background.
start() {
  "$CROSSILO_BIN" train "${config:?}" --np 4 --run.relaunches_max 0 "$@" > out 2>&1 &
  job=$!
}
end() {
  code=0
  wait "$job" 2> /dev/null || code=$?
  # shellcheck disable=SC2034 # read by expect_code
  output=$(tr -d '\0' < out) # ranks of a start before may still write
}
# wait_for_end PID…: mpirun ends the ranks that are left; the lock falls with the last of them.
wait_for_end() {
  local rank alive
  for _ in $(seq 100); do
    alive=0
    for rank in "$@"; do if kill -0 "$rank" 2> /dev/null; then alive=1; fi; done
    [ $alive = 0 ] && break
    sleep 0.1
  done
}
# await_checkpoint RUN ROUND: until one of that round or of a later one is there; old ones are removed as a run goes.
await_checkpoint() {
  local file
  for _ in $(seq 3000); do
    for file in "$1"/checkpoints/round-*.h5; do
      file=${file##*/round-}
      if [[ ${file%.h5} =~ ^[0-9]+$ && ${file%.h5} -ge $2 ]]; then return; fi
    done
    sleep 0.02
  done
  fail "$1 has no checkpoint of round $2 after 60 s: $(cat out)"
}
# living_ranks RUN: the process numbers of its ranks that are there.
living_ranks() {
  local rank
  for rank in $(awk '$1 == "pid" { print $2 }' "$1"/ranks/* 2> /dev/null || true); do
    if kill -0 "$rank" 2> /dev/null; then echo "$rank"; fi
  done
}

# kill_and_go_on NAME ROUNDS KILLS: starts that run and kills it at random moments, so many times: one rank, all of them,
# or the supervisor with them. Then lets it end; its exit code is in $code.
kill_and_go_on() {
  local kill ranks
  RANDOM=1
  for kill in $(seq "$3"); do
    start --run.name "$1" --run.rounds "$2"
    until [ -e "runs/$1-1/manifest.json" ] && [ -n "$(living_ranks "runs/$1-1")" ]; do sleep 0.02; done
    sleep "0.$((RANDOM % 90 + 10))"
    mapfile -t ranks < <(living_ranks "runs/$1-1")
    [ ${#ranks[@]} -gt 0 ] || fail "the run ended before it was killed $3 times: give it more rounds"
    case $((kill % 3)) in
      0) kill -KILL "$job" ;;
      1) kill -KILL "${ranks[RANDOM % ${#ranks[@]}]}" ;;
      2) kill -KILL "${ranks[@]}" 2> /dev/null || true ;; # mpirun may be as quick
    esac
    end
    [ "$code" != 0 ] || fail "the run ended before it was killed $3 times: give it more rounds"
    wait_for_end "${ranks[@]}"
  done
  start --run.name "$1" --run.rounds "$2"
  end
}
