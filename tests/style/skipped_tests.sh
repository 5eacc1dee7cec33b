#!/usr/bin/env bash
# Aim: jobs/test.sh ends with the tests that were skipped and why, also when one fails; jobs/cuda.sh without nvcc says so, or fails.
# Method: its last lines, from the run of ctest on, over a small project of four tests; the other jobs are replaced. jobs/cuda.sh
# itself on a PATH that has nothing but what it needs until then.
# Usage: skipped_tests.sh REPOSITORY
set -euo pipefail
repository=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"/{jobs,tests/support,build/check}
cp "$repository/tests/support/skipped_tests.py" "$folder/tests/support"
{ echo 'set -euo pipefail'; sed -n '/^tests=/,$p' "$repository/jobs/test.sh"; } >"$folder/jobs/test.sh"
for job in fuzz sanitize cuda; do
  echo "echo $job" >"$folder/jobs/$job.sh"
  chmod +x "$folder/jobs/$job.sh"
done
cd "$folder"
cat >CMakePresets.json <<'JSON'
{"version": 5, "configurePresets": [{"name": "check", "generator": "Ninja", "binaryDir": "${sourceDir}/build/check"}],
 "testPresets": [{"name": "check", "configurePreset": "check"}]}
JSON
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(four NONE)
enable_testing()
add_test(NAME good COMMAND echo "SKIPPED: no")
add_test(NAME no_root COMMAND sh -c "echo SKIPPED: needs root; echo then more; exit 77")
add_test(NAME no_tool COMMAND sh -c "echo 'the tool is not here'; exit 77")
set_tests_properties(no_root no_tool PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME no_gpu COMMAND printf "test.cpp:7: Skipped\\nno GPU: none\\n[  SKIPPED ] 1 test\\n")
set_tests_properties(no_gpu PROPERTIES SKIP_REGULAR_EXPRESSION "no GPU: ")
CMAKE
cmake --preset check >log
expected='skipped    3 of 4 tests
  no_root: needs root
  no_tool: the tool is not here
  no_gpu: no GPU: none'
says() { # CODE LAST_LINES
  local code=0
  bash jobs/test.sh >log 2>&1 || code=$?
  [ "$code" = "$1" ] && [ "$(tail -n "$(wc -l <<<"$2")" log)" = "$2" ] && return
  echo "exit code $code, $1 expected, and at the end:" "$2" "It said:" "$(cat log)"
  exit 1
}
says 0 "cuda
$expected"
sed -i 's/echo "SKIPPED: no"/false/' CMakeLists.txt
cmake --preset check >log
says 8 "$expected"

mkdir bin
ln -s "$(command -v dirname)" bin
bash=$(command -v bash)
cuda_says() { # CODE TEXT [NAME=VALUE]
  local code=0
  env -u CROSSILO_NEEDS_NVCC PATH="$folder/bin" CUDAToolkit_ROOT="$folder" "${@:3}" "$bash" "$repository/jobs/cuda.sh" >log 2>&1 || code=$?
  [ "$code" = "$1" ] && [ "$(wc -l <log)" = 1 ] && [[ $(cat log) == "$2"* ]] && return
  echo "jobs/cuda.sh without nvcc: exit code $code, $1 expected, and $2. It said:" "$(cat log)"
  exit 1
}
cuda_says 0 "SKIPPED: no nvcc "
cuda_says 3 "jobs/cuda.sh: no nvcc " CROSSILO_NEEDS_NVCC=1
