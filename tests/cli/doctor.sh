#!/usr/bin/env bash
# Aim: crossilo doctor says yes on a fit machine, and each thing that does not fit has a line with what to do.
# Method: real starts, with an mpirun that is not there, no room for temporary files, few open files, no way to write.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

exit_code_of "$CROSSILO_BIN" doctor
expect_code 0
expect_text "2 ranks summed, words wrap"
expect_text "a step of training lowers the loss"
exit_code_of "$CROSSILO_BIN" doctor --json
expect_code 0
python3 -c 'import json, sys; assert all(line["is_fine"] for line in json.load(sys.stdin))' <<< "$output"

exit_code_of env CROSSILO_MPIRUN=/no/mpirun "$CROSSILO_BIN" doctor
expect_code 3
expect_text "BAD   MPI"
expect_text "/no/mpirun"
exit_code_of env CROSSILO_MPIRUN="$(type -P false)" "$CROSSILO_BIN" doctor
expect_code 3
expect_text "2 ranks could not sum"
cat > "$folder/mpirun-5" <<'SH'
#!/bin/sh
[ "$1" != --version ] || { echo "mpirun (Open MPI) 5.9.9"; exit 0; }
exec "$MPIEXEC" "$@"
SH
chmod +x "$folder/mpirun-5"
exit_code_of env CROSSILO_MPIRUN="$folder/mpirun-5" "$CROSSILO_BIN" doctor
expect_code 3
expect_text "BAD   mpirun"
expect_text "5.9.9, but the library is Open MPI v"
expect_text "fine  MPI"
exit_code_of env OMPI_MCA_orte_default_hostfile=/no/hostfile "$CROSSILO_BIN" doctor
if [ "$code" != 0 ]; then # Open MPI 5 does not know this parameter
  expect_code 3
  expect_text "/no/hostfile"
fi
touch "$folder/file"
exit_code_of env TMPDIR="$folder/file" "$CROSSILO_BIN" doctor
expect_code 3
expect_text "BAD   HDF5"
expect_text "to mend it: free some space in the folder for temporary files (TMPDIR)"
# shellcheck disable=SC2016
exit_code_of bash -c 'ulimit -n 512; exec "$CROSSILO_BIN" doctor'
expect_code 3
expect_text "to mend it: ulimit -n 1024"
exit_code_of "$CROSSILO_BIN" doctor --jsn
expect_code 2
