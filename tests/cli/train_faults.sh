#!/usr/bin/env bash
# Aim: whatever goes wrong ends in its deadline, with the documented exit code, and names the silo.
# Method: real runs of four ranks; ranks are killed, stopped, interrupted; files are broken, removed or differ.
set -euo pipefail
set -m # else bash starts background commands with Ctrl-C ignored
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make_federation "$folder" 100000
cd "$folder"

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

# start_run N: starts a run in the background as small-N; its output goes to out-N.
start_run() {
  "$CROSSILO_BIN" train small.ini --np 4 > "out-$1" 2>&1 &
  job=$!
}

end_run() {
  code=0
  wait "$job" || code=$?
  output=$(cat "out-$1")
}

left_over() { pgrep -f "train small.ini --run_folder" > /dev/null; }

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

# 3: interrupted: agreed on in open, the model so far is kept
start_run 3
pid_of a small-3 > /dev/null
kill -INT "$job"
end_run 3
expect_code 130
[ -s runs/small-3/model/last.safetensors ] || fail "no model after an interrupt"

# 4: terminated
start_run 4
pid_of a small-4 > /dev/null
kill -TERM "$job"
end_run 4
expect_code 143

sleep 1
if left_over; then fail "processes are left: $(pgrep -af 'train small.ini --run_folder')"; fi

# 5: a missing file, a broken one, one with another schema: nothing is started
mv data/d.h5 data/d.keep
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "silo d"
expect_text "data/d.h5"
head -c 1000 data/d.keep > data/d.h5
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "silo d"
grep -v '^[abc],' all.csv > d.csv
"$CROSSILO_BIN" data import --csv d.csv --silo_column site --drop dose --categorical 'smoker=no|yes' \
  --label 'ill > 0' --origin 'made by a test' --output "data/{silo}.h5" > import.log
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 4
expect_text "missing: dose"
expect_text "nothing was started"
[ ! -e runs/small-5 ] || fail "a run folder was made"
# by hand, without the check beforehand: the hello finds it
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 "$CROSSILO_BIN" train small.ini
[ "$code" != 0 ] || fail "differing schemas went unnoticed"
expect_text "silo d"
mv data/d.keep data/d.h5

# 6: more ranks than silos, a wrong key, two ranks
exit_code_of "$CROSSILO_BIN" train small.ini --np 5
expect_code 3
expect_text "4 silos, but 5 processes"
exit_code_of "$CROSSILO_BIN" train small.ini --np 2
expect_code 2
expect_text "allow_two_silos"
sed 's/learning_rate/learning_rte/' small.ini > wrong.ini
exit_code_of "$CROSSILO_BIN" train wrong.ini --np 4
expect_code 2
expect_text "did you mean train.learning_rate"
exit_code_of "$CROSSILO_BIN" train absent.ini --np 4
expect_code 2
expect_text "absent.ini"
exit_code_of "$CROSSILO_BIN" trian
expect_code 2
