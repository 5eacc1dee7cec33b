#!/usr/bin/env bash
# Aim: the help of each subcommand fits a screen and ends in an example that the program understands.
# Method: every subcommand that the program lists; its example is read back, with the files it names made or left out.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"

exit_code_of "$CROSSILO_BIN" --help
expect_code 0
[ "$(wc -l <<< "$output")" -le 40 ] || fail "more than 40 lines: $output"
# "crossilo data import …   meaning": one or two words in small letters, then arguments or the meaning after two blanks
mapfile -t names < <(sed -nE 's/^  crossilo ([a-z]+( [a-z]+)?)( .*)?$/\1/p' <<< "$output")
[ "${#names[@]}" -ge 9 ] || fail "subcommands expected in: $output"
for name in "${names[@]}"; do
  # shellcheck disable=SC2086
  exit_code_of "$CROSSILO_BIN" $name --help
  expect_code 0
  [ "$(wc -l <<< "$output")" -le 40 ] || fail "$name: more than 40 lines: $output"
  awk 'length > 120 { exit 1 }' <<< "$output" || fail "$name: a line of more than 120 characters: $output"
  example=$(sed -n '/^Example/,$p' <<< "$output")
  grep -q "crossilo $name" <<< "$example" || fail "$name: no example at the end of: $output"
  [ "$(tail -n 1 <<< "$output")" = "$(tail -n 1 <<< "$example")" ] || fail "$name: the example is not the end"
done

# The version of every library that the program is made of.
exit_code_of "$CROSSILO_BIN" version --json
expect_code 0
for library in MPI libtorch HDF5 OpenSSL Boost fmt spdlog nlohmann_json zlib CUDA NCCL; do expect_text "\"$library\": \""; done

# Examples that need nothing but the program are run as they stand.
PATH=$(dirname "$CROSSILO_BIN"):$PATH
for name in doctor version "model template"; do
  # shellcheck disable=SC2086
  line=$("$CROSSILO_BIN" $name --help | sed -n 's/^Example: *//p')
  line=${line/ --data data\/heart\/va.h5/}
  folder=$(mktemp -d)
  exit_code_of bash -c "cd '$folder' && ${line%% && *}"
  rm -rf "$folder"
  expect_code 0
done

# Of a subcommand of two words the first alone lists its own lines; scripts say how they are called.
for first in data model slurm; do
  exit_code_of "$CROSSILO_BIN" $first --help
  expect_code 0
  [ "$(grep -c "^  crossilo $first " <<< "$output")" = "$(grep -c "^  crossilo " <<< "$output")" ] || fail "$first: $output"
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for script in quickstart setup test; do
  exit_code_of "$root/jobs/$script.sh" --help
  expect_code 0
  expect_text "jobs/$script.sh"
done
