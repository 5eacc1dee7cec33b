#!/usr/bin/env bash
# Aim: the model has the same bits for every number of ranks, however they were started.
# Method: one federation by --np 1, 2, 4, by mpirun by hand, and with ranks that say who they are; compares the saved models byte for byte.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 5
for np in 1 2 4; do
  exit_code_of "$CROSSILO_BIN" train small.ini --np "$np" --simulate
  expect_code 0
  [ "$np" = 1 ] && expect_text "nobody to hide from"
done
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 3 "$CROSSILO_BIN" train small.ini --simulate
expect_code 0
# each rank says which silo it is, in another order
# shellcheck disable=SC2016
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c 'order=(c a d b)
  CROSSILO_SILO=${order[OMPI_COMM_WORLD_RANK]} exec "$CROSSILO_BIN" train small.ini'
expect_code 0
expect_text "rank 0 on host $(uname -n): silo c"
for run in runs/small-2 runs/small-3 runs/small-4 runs/small-5; do
  for model in global last; do
    expect_same_model runs/small-1 "$run" "$model"
  done
done
grep -q '"mask": *"pairwise"' runs/small-3/metrics.jsonl || fail "four ranks did not mask"
grep -q '"mask": *"none"' runs/small-1/metrics.jsonl || fail "one rank must say that nothing is masked"
