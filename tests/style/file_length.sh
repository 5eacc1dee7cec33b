#!/usr/bin/env bash
# Aim: no file is longer than 400 lines. Method: count them. Usage: file_length.sh REPOSITORY
set -euo pipefail
cd "$1"
folders=()
for folder in include src tests bench jobs slurm cmake; do [ -d "$folder" ] && folders+=("$folder"); done

status=0
while read -r lines file; do
  [ "$lines" -le 400 ] && continue
  echo "$file: $lines lines; 400 is the limit, 200 are wanted"
  status=1
done < <(find "${folders[@]}" -type f \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh' -o -name '*.sh' -o -name '*.sbatch' -o -name '*.py' \
  -o -name '*.cmake' -o -name CMakeLists.txt \) -exec wc -l {} \; )
exit "$status"
