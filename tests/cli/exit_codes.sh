#!/usr/bin/env bash
# Aim: each exit code of docs/exit-codes.md that a start can end with, and what --quiet and --verbose show.
# Method: the real program, one mistake each; 5, 130 and 143 need a run under way and are in train_faults.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make_federation "$folder" 3
cd "$folder"

# 0; quiet: only the end, verbose: also what the first rank logs
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --quiet
expect_code 0
for text in "mpiexec" "mpirun" "what leaves" "round 1/3"; do
  if grep -qF "$text" <<< "$output"; then fail "--quiet shows \"$text\": $output"; fi
done
expect_text "AUC on test rows"
expect_text "model   runs/small-1/model/global.safetensors"
exit_code_of env OMPI_MCA_btl_base_verbose=0 "$CROSSILO_BIN" train small.ini --np 4 --verbose
expect_code 0
expect_text "silo a: rank 0 on host "
expect_text "rank 3 on host $(uname -n): silo d"
expect_text "OMPI_MCA_btl_base_verbose=0"
expect_text "libmpi.so"
grep -q "rank 3 on host $(uname -n): silo d" runs/small-2/logs/c.log || fail "the log of c does not say who is who"
# as root, with none of the variables that Open MPI wants of root
exit_code_of env -u OMPI_ALLOW_RUN_AS_ROOT -u OMPI_ALLOW_RUN_AS_ROOT_CONFIRM "$CROSSILO_BIN" train small.ini --np 4
expect_code 0

# 2: arguments
for mistake in "--nonsense" "--quiet --verbose" "--np 0" "--np x" "--np 4 --np 4" "other.ini"; do
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" train small.ini $mistake
  expect_code 2
done
exit_code_of "$CROSSILO_BIN" train
expect_code 2
expect_text "which configuration?"
# 2: silos that do not share their settings, all of which learn it
sed 's/^learning_rate .*/learning_rate = 0.051/' small.ini > other.ini
# shellcheck disable=SC2016
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c 'order=(small small other small)
  exec "$CROSSILO_BIN" train "${order[OMPI_COMM_WORLD_RANK]}.ini"'
expect_code 2
expect_text "silo c (rank 2"
expect_text "nothing was trained"
for silo in a b c d; do
  grep -q "error silo $silo" "runs/small-4/logs/$silo.log" || fail "silo $silo did not refuse"
done

# 3: mpirun will not, in its own words
exit_code_of env OMPI_MCA_orte_default_hostfile=/no/hostfile "$CROSSILO_BIN" train small.ini --np 4
if [ "$code" != 0 ]; then # Open MPI 5 does not know this parameter
  expect_code 3
  expect_text "mpirun would not start 4 ranks: "
  expect_text "/no/hostfile"
fi
exit_code_of env CROSSILO_MPIRUN=/no/mpirun "$CROSSILO_BIN" train small.ini --np 4
expect_code 3
expect_text "/no/mpirun"

# 4: a silo file that is not there; 7 is in train_limits.sh
sed "s|^path .*|path = nowhere/{silo}.h5|" small.ini > absent.ini
exit_code_of "$CROSSILO_BIN" train absent.ini --np 4
expect_code 4
expect_text "nowhere/a.h5"

# 9: no run folder can be made
touch a_file
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --runs a_file
expect_code 9
expect_text "a_file"
