#!/usr/bin/env bash
# Aim: a TorchScript module with batch normalisation and dropout trains like any model: same bits for every layout, usable
# afterwards; a silo with another file is refused by name before the first round (fault 35).
# Method: real runs with a module that is built without Python; one silo's own file names a module with other weights' shapes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 6
"$WRITE_MODULE" 4 1 m.pt
"$WRITE_MODULE" 4 2 wide.pt
sed 's/^name = logreg/torchscript = m.pt/' small.ini > script.ini

exit_code_of "$CROSSILO_BIN" model check m.pt --data data/a.h5
expect_code 0
exit_code_of "$CROSSILO_BIN" train script.ini --np 4
expect_code 0
expect_text "m.pt, 57 parameters and 16 values of buffers"
exit_code_of "$CROSSILO_BIN" train script.ini --np 2 --simulate
expect_code 0
cmp <(tail -c 292 runs/small-1/model/last.safetensors) <(tail -c 292 runs/small-2/model/last.safetensors) ||
  fail "another model on two ranks"
cmp -s runs/small-1/model/architecture.pt m.pt || fail "the module's file is not kept"
exit_code_of "$CROSSILO_BIN" evaluate runs/small-1 data/a.h5
expect_code 0

# the running statistics of the batch normalisation moved, and the pin is obeyed
grep -aq running_var runs/small-1/model/last.safetensors || fail "no buffers in the model"
exit_code_of "$CROSSILO_BIN" train script.ini --np 4 --model.torchscript_sha256 "$(printf '%064d' 7)"
expect_code 2
expect_text "$(sha256sum m.pt | cut -c1-64)"

# a module that does not fit the task, and one silo with another file
exit_code_of "$CROSSILO_BIN" train script.ini --np 4 --model.torchscript wide.pt
expect_code 2
expect_text "wide.pt"
"$WRITE_MODULE" 4 1 other.pt
printf x >> other.pt # still loads, but is not the same file
# shellcheck disable=SC2016
exit_code_of "$MPIEXEC" --oversubscribe --bind-to none -np 4 bash -c '
  [ "$OMPI_COMM_WORLD_RANK" = 2 ] && export CROSSILO_MODEL_TORCHSCRIPT=other.pt
  exec "$CROSSILO_BIN" train script.ini'
[ "$code" != 0 ] || fail "another file in one silo went unnoticed"
expect_text "silo c"
expect_text "the TorchScript file's SHA-256"
