#!/usr/bin/env bash
# Aim: a silo file that lies about itself is refused in one line that names file and data set, before memory is taken for it.
# Method: h5py writes one file for each lie (links, external data, plugins, shapes, types, labels); the program reads each
# with little memory to take.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ ! -x "${CROSSILO_PYTHON:-}" ]; then
  echo "skipped: no Python with h5py; jobs/setup.sh makes one"
  exit 77
fi
"$CROSSILO_PYTHON" "$(dirname "${BASH_SOURCE[0]}")/hostile_files.py" "$folder" > "$folder/cases"
cd "$folder"
kilobytes=$((1024 * 1024)) # of address space: a byte for each declared row would not fit
refused=0
while IFS=$'\t' read -r name says; do
  # shellcheck disable=SC2016
  exit_code_of timeout 20 bash -c 'ulimit -v "$1"; exec "$CROSSILO_BIN" data describe "$2"' - "$kilobytes" "$name.h5"
  if [ "$name" = good ]; then
    expect_code 0
    continue
  fi
  [ "$code" = 4 ] || fail "$name: exit code $code, 4 expected; it said: $output"
  expect_text "$name.h5"
  expect_text "$says"
  [ "$(wc -l <<< "$output")" = 1 ] || fail "$name: one line expected: $output"
  refused=$((refused + 1))
done < cases
[ "$refused" -ge 46 ] || fail "only $refused files were tried"
echo "$refused lies were refused"
