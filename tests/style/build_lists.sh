#!/usr/bin/env bash
# Aim: sources are listed, never globbed, and none is forgotten: a test that no list names would never run.
# Method: look each file up in the CMakeLists.txt of its folder or of a folder above it. Usage: build_lists.sh REPOSITORY
set -euo pipefail
cd "$1"

status=0
if grep -rniE 'file *\( *GLOB|aux_source_directory' --include=CMakeLists.txt --include='*.cmake' CMakeLists.txt src tests bench cmake; then
  echo "List the files; a glob does not see a new one."
  status=1
fi
is_listed() {
  local folder
  folder=$(dirname "$1")
  while [ "$folder" != . ]; do
    if [ -f "$folder/CMakeLists.txt" ] && grep -qwF -- "$(basename "$1")" "$folder/CMakeLists.txt"; then return 0; fi
    folder=$(dirname "$folder")
  done
  return 1
}
while read -r file; do
  is_listed "$file" && continue
  echo "$file: no CMakeLists.txt names it"
  status=1
done < <(find src tests bench -type f \( -path 'src/*.cpp' -o -path 'src/*.cu' -o -name '*_test.cpp' -o -name '*_bench.cpp' \))
exit "$status"
