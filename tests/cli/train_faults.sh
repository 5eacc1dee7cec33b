#!/usr/bin/env bash
# Aim: whatever goes wrong ends in its deadline, with the documented exit code, and names the silo.
# Method: real runs of four ranks; ranks are killed, stopped, interrupted; files are broken, removed or differ.
set -euo pipefail
set -m # else bash starts background commands with Ctrl-C ignored
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 100000

# The process of silo $1 in run $2, once it is there and has done a round.
pid_of() {
  local tries=0 status
  until [ -s "runs/$2/metrics.jsonl" ]; do
    sleep 0.1
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "run $2 did not start"
  done
  status=$(grep -lx "silo $1" "runs/$2"/ranks/*)
  awk '$1 == "pid" { print $2 }' "$status"
}

# start_run N: starts a run of its own in the background as small-N; its output goes to out-N.
start_run() {
  "$CROSSILO_BIN" train small.ini --np 4 --resume never > "out-$1" 2>&1 &
  job=$!
}

end_run() {
  code=0
  wait "$job" || code=$?
  output=$(cat "out-$1")
}

# The ranks of these runs that still live; other tests' ranks are none of our business.
left_over() {
  local pid
  awk '$1 == "pid" { print $2 }' runs/*/ranks/* | while read -r pid; do
    if kill -0 "$pid" 2> /dev/null; then echo "$pid"; fi
  done
}

outcome_is() { grep -qF "\"silo\": \"$2\"" "runs/$1/outcome.json" || fail "silo $2 expected: $(cat "runs/$1/outcome.json")"; }

# 1: a silo's process is killed
start_run 1
kill -KILL "$(pid_of c small-1)"
end_run 1
expect_code 5
expect_text "silo c"

# 2: a silo's process hangs: the others wait for their deadline and name it
start_run 2
kill -STOP "$(pid_of b small-2)"
end_run 2
expect_code 5
expect_text "silo b"
expect_text "has not answered for 10 s"
expect_text "the last finished round is "
expect_text "The same command goes on from the last checkpoint"
outcome_is small-2 b
for silo in a c d; do
  grep -q "error silo $silo, round [0-9]*: silo b (rank 1" "runs/small-2/logs/$silo.log" || fail "log of $silo: no error"
done

# 3: interrupted: agreed on in open, the model so far is kept
start_run 3
pid_of a small-3 > /dev/null
kill -INT "$job"
end_run 3
expect_code 75
expect_text "The same command goes on"
[ -s runs/small-3/model/last.safetensors ] || fail "no model after an interrupt"

# 4: terminated
start_run 4
pid_of a small-4 > /dev/null
kill -TERM "$job"
end_run 4
expect_code 75

sleep 1
[ -z "$(left_over)" ] || fail "processes are left: $(left_over)"

# 5: the first rank hangs while it compares, when the others have left
# Long epochs: ended, mpirun wakes the rank for a second, in which it must not come to the end of its comparison.
sed 's/^rounds = .*/rounds = 500/; s/^local_epochs = .*/local_epochs = 20/; s/^name = small/name = compared/' small.ini > compared.ini
"$CROSSILO_BIN" train compared.ini --np 4 > out-compared 2>&1 &
job=$!
tries=0
until grep -qs "comparing" runs/compared-1/logs/a.log; do
  sleep 0.02
  tries=$((tries + 1))
  [ $tries -lt 3000 ] || fail "it never came to compare: $(cat out-compared)"
done
kill -STOP "$(awk '$1 == "pid" { print $2 }' runs/compared-1/ranks/0)"
end_run compared
expect_code 5
expect_text "silo a (rank 0"
expect_text "did nothing any more"
[ -z "$(left_over)" ] || fail "processes are left: $(left_over)"

# 6: a silo that hangs before it could introduce itself has a name already
mkdir -p begun/ranks begun/logs begun/model
mkfifo begun/logs/c.log # nobody reads from it, so silo c waits when it opens its log
sed 's/^peer_seconds_max = .*/peer_seconds_max = 3/' small.ini > hello.ini
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 "$CROSSILO_BIN" train hello.ini --run_folder "$PWD/begun"
expect_code 5
expect_text 'has not answered for 3 s in "resume"'
expect_text "no round was finished"
runs_before=$(ls runs)

# 7: a missing file, a broken one, a changed one, one with another schema: nothing is started
mv data/d.h5 data/d.keep
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "silo d"
expect_text "data/d.h5"
head -c 1000 data/d.keep > data/d.h5
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "silo d"
python3 - data/d.keep data/d.h5 "$CROSSILO_BIN" <<'PY' || fail "no byte of data/d.h5 belongs to the rows"
import subprocess, sys
whole, path, program = sys.argv[1:]
raw = open(whole, "rb").read()
for at in range(1000, len(raw), 99): # until a row is hit: then the structure is right, only the digest is not
    open(path, "wb").write(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:])
    if b"SHA-256" in subprocess.run([program, "data", "describe", path], capture_output=True).stderr: sys.exit(0)
sys.exit(1)
PY
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "silo d"
expect_text "SHA-256"
expect_text "nothing was started"
grep -v '^[abc],' all.csv > d.csv
"$CROSSILO_BIN" data import --csv d.csv --silo_column site --drop dose --categorical 'smoker=no|yes' \
  --label 'ill > 0' --origin 'made by a test' --output "data/{silo}.h5" > import.log
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "missing: dose"
expect_text "nothing was started"
[ "$(ls runs)" = "$runs_before" ] || fail "a run folder was made"
# by hand, without the check beforehand: the hello finds it
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 "$CROSSILO_BIN" train small.ini --resume never
[ "$code" != 0 ] || fail "differing schemas went unnoticed"
expect_text "silo d"
mv data/d.keep data/d.h5

# 8: more ranks than silos, a wrong key, two ranks
exit_code_of "$CROSSILO_BIN" train small.ini --np 5
expect_code 3
expect_text "4 silos, but 5 processes"
exit_code_of "$CROSSILO_BIN" train small.ini --np 2
expect_code 3
expect_text "add --simulate"
expect_text "nothing was started"
sed 's/learning_rate/learning_rte/' small.ini > wrong.ini
exit_code_of "$CROSSILO_BIN" train wrong.ini --np 4
expect_code 2
expect_text "did you mean train.learning_rate"
exit_code_of "$CROSSILO_BIN" train absent.ini --np 4
expect_code 2
expect_text "absent.ini"
exit_code_of "$CROSSILO_BIN" trian
expect_code 2
