#!/usr/bin/env bash
# Aim: a wrong launch is refused, hosts need not share a file system, and what a silo learns about itself stays its own.
# Method: real runs: without a launcher, under a launcher of another kind, each rank in a folder of its own, a closed
# stdout, a first rank that hangs when the others have left.
set -euo pipefail
set -m
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 3
sed 's/^name = small/name = apart/; s/^one_machine = true/one_machine = false/' small.ini > apart.ini
sed 's/^name = logreg/torchscript = nowhere.pt/' small.ini > torchscript.ini
mpirun_4=("$MPIEXEC" --oversubscribe --bind-to none -np 4)

# 1: worlds of one rank each, or fewer ranks than silos, are no federation
exit_code_of "$CROSSILO_BIN" train apart.ini
expect_code 3
expect_text "start with  $CROSSILO_BIN train apart.ini --np 4"
if grep -q MPI_ABORT <<< "$output"; then fail "a refusal is no abort: $output"; fi
exit_code_of env PMI_SIZE=4 "$CROSSILO_BIN" train small.ini
expect_code 3
expect_text "MPI joined 1 of them"
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 2 "$CROSSILO_BIN" train apart.ini
expect_code 3
expect_text "mpirun --oversubscribe --bind-to none -np 4 $CROSSILO_BIN train apart.ini"
[ "$(grep -c "^crossilo: " <<< "$output")" = 1 ] || fail "once is enough: $output"
exit_code_of env PMI_SIZE=4 PMI_RANK=2 "$CROSSILO_BIN" train small.ini
expect_code 3
[ -z "$output" ] || fail "rank 0 says it already: $output"
exit_code_of "$CROSSILO_BIN" train small.ini --np 5
expect_code 3
expect_text "start with --np 4, one rank for each silo"
exit_code_of "$CROSSILO_BIN" train small.ini --np four
expect_code 2
expect_text "--np four: a number of ranks from 1 on is wanted"
for option in "-n 4" "-np 4" "--npp 4"; do
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" train small.ini $option
  expect_code 2
  expect_text "did you mean --np?"
done
exit_code_of "$CROSSILO_BIN" plan --sitez 2
expect_code 2
expect_text "plan: unrecognised option '--sitez'; did you mean --sites?"
exit_code_of "$CROSSILO_BIN" train small.ini --rounds 5
expect_code 2
expect_text "unrecognised option '--rounds'; did you mean --run.rounds?"
exit_code_of "$CROSSILO_BIN" train apart.ini --np 3
expect_code 3
expect_text "4 silos, but 3 processes are wanted"
exit_code_of "$CROSSILO_BIN" train small.ini --np 3
expect_code 3
expect_text "add --simulate if each shall train several in turn"
exit_code_of "$CROSSILO_BIN" train apart.ini --np 3 --simulate
expect_code 2
expect_text "run.one_machine = true is wanted"
# one file, or one secret, for all ranks of this command
for key in data.path=data/a.h5 data.private_folder=private; do
  exit_code_of "$CROSSILO_BIN" train apart.ini --np 4 "--$key"
  expect_code 2
  expect_text "${key/=/ = }: --np starts 4 ranks here, and all would use this one: write {silo}"
done
# what does not fit the silo files' task, and a model file that is not there: the same from plan and train
"$CROSSILO_BIN" data import --csv all.csv --silo_column site --task regression --label age --missing 'dose=?' --drop smoker,ill \
  --test_fraction 0.25 --seed 1 --output "$folder/ages/{silo}.h5" > import2.log || fail "$(cat import2.log)"
for start in "plan" "train --np 4"; do
  for key in stop.metric=auc train.class_weights=balanced model.name=logreg; do
    options=(--model.name linreg "--$key")
    [ "$key" != model.name=logreg ] || options=("--$key")
    # shellcheck disable=SC2086
    exit_code_of "$CROSSILO_BIN" $start small.ini --data.path "ages/{silo}.h5" "${options[@]}"
    expect_code 2
    expect_text "${key/=/ = }: "
  done
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" $start torchscript.ini
  expect_code 2
  expect_text "nowhere.pt"
done
# shellcheck disable=SC2016
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c 'order=(a b a d)
  CROSSILO_SILO=${order[OMPI_COMM_WORLD_RANK]} exec "$CROSSILO_BIN" train small.ini'
expect_code 3
expect_text "both say silo a"
[ ! -e runs ] || fail "something was started"

# 2: each rank in a folder of its own, which only it sees
# shellcheck disable=SC2016
exit_code_of "${mpirun_4[@]}" bash -c 'mkdir -p "host$OMPI_COMM_WORLD_RANK" && cd "host$OMPI_COMM_WORLD_RANK" &&
  exec "$CROSSILO_BIN" train ../apart.ini'
expect_code 0
silos=(a b c d)
for rank in 0 1 2 3; do
  silo=${silos[rank]} run=host$rank/runs/apart-1
  grep -q finished "$run/ranks/$rank" || fail "$run/ranks/$rank: the rank's status is not there"
  grep -q "round 3: done; train" "$run/logs/$silo.log" || fail "$run/logs/$silo.log: a round is missing"
  [ "$(grep -c "round 3: done" "$run/logs/$silo.log")" = 1 ] || fail "$run/logs/$silo.log: a round is done twice"
  grep -q "mask: pairwise" "$run/logs/$silo.log" || fail "$run/logs/$silo.log: the mask is missing"
  # each silo's own column: in its private folder, for its eyes, nowhere else
  own=private/$silo/apart-1.txt
  grep -q "AUC on test rows" "$own" || fail "$own: no results"
  grep -q "own data only  *[0-9]" "$own" || fail "$own: no baseline: $(cat "$own")"
  [ "$(stat -c %a "$own")" = 600 ] || fail "$own: mode $(stat -c %a "$own")"
  if grep -rq "AUC" "$run"; then fail "$run holds a silo's own results"; fi
done
expect_text "private/a/apart-1.txt"
if grep -q "AUC on test rows" <<< "$output"; then fail "a silo's own results are shown to all: $output"; fi

# 3: nobody reads the display any more
"$CROSSILO_BIN" train small.ini --np 4 2> err | head -n 2 > shown || fail "a closed display ended the run: $(cat err)"
[ -s runs/small-1/comparison.json ] || fail "the run did not finish after its display was closed"
grep -q '"exit_code": 0' runs/small-1/outcome.json || fail "$(cat runs/small-1/outcome.json)"
# shellcheck disable=SC2016
exit_code_of bash -c '"$CROSSILO_BIN" train small.ini --simulate | head -n 2; exit "${PIPESTATUS[0]}"'
expect_code 0

# 4: a federation that cannot begin says so in the run folder
mv data/c.h5 data/c.keep
exit_code_of "${mpirun_4[@]}" "$CROSSILO_BIN" train small.ini
expect_text "silo c"
grep -q '"silo": "c"' runs/small-3/outcome.json || fail "$(cat runs/small-3/outcome.json)"
grep -q 'c.h5' runs/small-3/logs/c.log || fail "the failing rank's log is empty"
if grep -q "nothing was started" <<< "$output"; then fail "something was started: $output"; fi
mv data/c.keep data/c.h5
mkdir -p empty/ranks
touch empty/logs # a file where a folder belongs
exit_code_of "$CROSSILO_BIN" train small.ini --simulate --run_folder "$PWD/empty"
expect_code 9
expect_text "logs/a.log"
grep -q '"exit_code": 9' empty/outcome.json || fail "no outcome: $output"

# 5: a rank that never comes to MPI; the others wait for 300 s, here for less
exit_code_of timeout 60 "$MPIEXEC" --oversubscribe --bind-to none \
  -np 3 -x LD_PRELOAD="$FAULT_LIBRARY" -x FAULT_ALARM_SECONDS=5 "$CROSSILO_BIN" train small.ini : -np 1 sleep 100
expect_code 5
expect_text "MPI did not join all ranks in time"

# 6: rows that take longer to load than silos wait for each other
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 -x LD_PRELOAD="$FAULT_LIBRARY" -x FAULT_SLOW_FILE=c.h5 \
  "$CROSSILO_BIN" train small.ini --run.name loads --run.peer_seconds_max 3 --run.baselines none
expect_code 0
