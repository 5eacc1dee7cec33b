#!/usr/bin/env bash
# Aim: ranks that are killed or stop answering, in training and in the sum, end their start; the run goes on by itself and
# ends with the bits of one that was left alone. The next finished round comes within a generous 30 s.
# Method: real runs of four ranks, hit at random moments; their models and metrics are compared byte by byte.
set -euo pipefail
set -m
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
source "$(dirname "${BASH_SOURCE[0]}")/resume.sh"
config=small.ini
in_new_federation 300
sed -i -e 's/^relaunches_max = 0/relaunches_max = 3/' -e 's/^peer_seconds_max = .*/peer_seconds_max = 2/' \
  -e 's/^name = fedavg/name = fedadam/' -e 's/^one_machine = true/one_machine = true\ncheckpoint_every_rounds = 7\nbaselines = none/' small.ini

# hit_and_go_on NAME SIGNAL… -- ARGUMENT…: one run left alone, and one in which a rank is hit by each signal in turn, when
# its start has finished a round.
hit_and_go_on() {
  local name=$1 hits=() signal ranks start=1
  shift
  while [ "$1" != -- ]; do hits+=("$1") && shift; done
  shift
  "$CROSSILO_BIN" train small.ini --np 4 --run.name "$name-alone" "$@" > alone.log
  "$CROSSILO_BIN" train small.ini --np 4 --run.name "$name" "$@" > out 2>&1 &
  job=$!
  for signal in "${hits[@]}"; do
    await_rounds "runs/$name-1" $((start++))
    sleep "0.$((RANDOM % 90 + 10))"
    mapfile -t ranks < <(living_ranks "runs/$name-1")
    [ ${#ranks[@]} -gt 0 ] || fail "the run ended before it was hit ${#hits[@]} times: give it more rounds"
    date +%s.%N >> "hits-$name"
    kill "-$signal" "${ranks[RANDOM % ${#ranks[@]}]}"
  done
  end
  expect_code 0
  same "runs/$name-1" "runs/$name-alone-1"
  python3 - "$name" "${hits[@]}" <<'PY' || fail "the manifest does not tell of every start: $(cat "runs/$name-1/manifest.json")"
import json, sys
name, hits = sys.argv[1], sys.argv[2:]
manifest = json.load(open(f"runs/{name}-1/manifest.json"))
assert manifest["status"] == "finished" and len(manifest["starts"]) == len(hits) + 1
assert len(manifest["relaunches"]) == len(hits), manifest["relaunches"]
ends = [json.loads(line)["unix_seconds"] for line in open(f"runs/{name}-1/metrics.jsonl")]
for signal, relaunch, at in zip(hits, manifest["relaunches"], map(float, open(f"hits-{name}"))):
    assert relaunch["missing_silos"] == [] and relaunch["why"].startswith("silo "), relaunch
    if signal == "STOP": assert "has not answered for 2 s in" in relaunch["why"], relaunch
    again = min((end - at for end in ends if end > at + 0.2), default=float("nan"))
    print(f"SIG{signal}: {relaunch['why']}; next finished round after {again:.1f} s")
    assert again < 30, again
PY
  [ "$(grep -c "^crossilo: silo .*; started again in [0-9]* s ([1-3] of at most 3 times in a row)$" out)" = ${#hits[@]} ] ||
    fail "a line for each start is wanted: $(grep -a "started again" out)"
}

# await_rounds RUN START: until that start of the run has finished a round.
await_rounds() {
  for _ in $(seq 600); do
    if python3 - "$1" "$2" 2> /dev/null <<'PY'; then return; fi
import json, sys
run, start = sys.argv[1], int(sys.argv[2])
starts = json.load(open(run + "/manifest.json"))["starts"]
rounds = [int(line.split()[1]) for line in open(run + "/ranks/0") if line.startswith("round ")]
sys.exit(len(starts) < start or "outcome" in starts[-1] or rounds[-1] < rounds[0] + 2)
PY
    sleep 0.05
  done
  fail "start $2 of $1 did not begin: $(tail -n 3 out)"
}

hit_and_go_on quick KILL STOP KILL -- --run.rounds 9000
hit_and_go_on training STOP KILL -- --run.rounds 60 --train.local_epochs 300
