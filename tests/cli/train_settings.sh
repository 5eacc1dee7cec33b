#!/usr/bin/env bash
# Aim: silos whose settings differ never train together, and everybody is told which keys differ and between whom.
# Method: real runs of four ranks, one of them with a configuration of its own.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 2
sed 's/^one_machine = true/one_machine = false/' small.ini > apart.ini
mkdir runs

# train_with FILE: rank 2, which is silo c, has FILE
train_with() {
  # shellcheck disable=SC2016
  exit_code_of env OTHER="$1" "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c '
    file=apart.ini
    [ "$OMPI_COMM_WORLD_RANK" != 2 ] || file=$OTHER
    exec "$CROSSILO_BIN" train "$file" --runs "runs/$OMPI_COMM_WORLD_RANK"'
}

# 1: the last digit of one key, and another key: both are named with their values and silos
sed -e 's/^learning_rate = .*/learning_rate = 0.050001/' -e 's/^seed = .*/seed = 2/' apart.ini > other.ini
train_with other.ini
expect_code 2
expect_text "run.seed is 1 of silo a (rank 0"
expect_text "but 2 of silo c (rank 2"
expect_text "train.learning_rate is 0.05 of silo a (rank 0"
expect_text "but 0.050001 of silo c (rank 2"
expect_text "nothing was trained"

# 1b: settings that other checks would judge by, and give wrong advice: they are compared first, and told once
for change in "run.silos=a, b, c" "model.name=linreg" "run.threads=1000" "stop.metric=auc"; do
  key=${change%%=*} value=${change#*=}
  # shellcheck disable=SC2016
  exit_code_of env KEY="$key" VALUE="$value" "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c '
    [ "$OMPI_COMM_WORLD_RANK" != 2 ] || exec "$CROSSILO_BIN" train apart.ini "--$KEY" "$VALUE"
    exec "$CROSSILO_BIN" train apart.ini'
  expect_code 2
  expect_text "settings that all silos must share differ: $key is "
  expect_text "$value of "
  expect_text "rank 2"
  [ "$(grep -c "nothing was trained" <<< "$output")" = 1 ] || fail "once is enough: $output"
  if grep -q MPI_ABORT <<< "$output"; then fail "the refusal of all is no abort: $output"; fi
done
# shellcheck disable=SC2016
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c '
  [ "$OMPI_COMM_WORLD_RANK" != 2 ] || exec "$CROSSILO_BIN" train apart.ini --simulate
  exec "$CROSSILO_BIN" train apart.ini'
expect_code 2
expect_text "differ: --simulate is off of silo a (rank 0"
[ -z "$(ls runs)" ] || fail "a refused start left $(ls runs)"

# 1c: a silo file with other columns: named with the silo, though nobody else may read it
"$CROSSILO_BIN" data import --csv all.csv --silo_column site --missing 'dose=?' --label 'ill > 0' --drop smoker \
  --test_fraction 0.25 --seed 1 --output "$folder/narrow/{silo}.h5" > import2.log || fail "$(cat import2.log)"
sed "s|^path = .*|path = $folder/narrow/{silo}.h5|" apart.ini > narrow.ini
train_with narrow.ini
expect_code 4
expect_text "silo c (rank 2"
expect_text "train/x has 2 columns, the others have 4 (missing: smoker=no, smoker=yes)"

# 2: the same settings written otherwise, and other own ones, are equal
{
  cat apart.ini
  printf '[privacy]\nmasking = on\n'
} | sed -e 's/^learning_rate = .*/learning_rate = 5.0e-2  # a comment/' -e "s|^path = .*|path = ./data/c.h5|" > same.ini
train_with same.ini
expect_code 0

# 3: the command line, the environment and a silo's own file reach every rank
cat > own.ini <<INI
[data]
path = $folder/elsewhere/{silo}.h5
INI
mv data elsewhere
exit_code_of env CROSSILO_TRAIN_BATCH_SIZE=32 CROSSILO_OWN_CONFIG=own.ini "$CROSSILO_BIN" train small.ini --np 4 --run.rounds 1
expect_code 0
expect_text "round 1/1"
exit_code_of env CROSSILO_TRAIN_BATCHSIZE=32 "$CROSSILO_BIN" train small.ini --np 4 --own_config own.ini --train.momentm 1
expect_code 2
expect_text "did you mean --train.momentum?"
exit_code_of env CROSSILO_TRAIN_BATCHSIZE=32 "$CROSSILO_BIN" train small.ini --np 4 --own_config own.ini --run.seed x
expect_code 2
expect_text "did you mean CROSSILO_TRAIN_BATCH_SIZE?"
expect_text '--run.seed: run.seed = "x"'
expect_text "2 errors in the environment and the command line, nothing was started"
