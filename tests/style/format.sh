#!/usr/bin/env bash
# Aim: every C++ file is laid out as .clang-format says. Method: clang-format 14 on each (other versions lay out otherwise).
# Usage: format.sh REPOSITORY
set -euo pipefail
cd "$1"
formatter=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$formatter" ] || [[ $("$formatter" --version) != *"version 14."* ]]; then
  echo "clang-format 14 is not here (Debian 12: apt install clang-format)"
  exit 77
fi
folders=()
for folder in include src tests bench; do [ -d "$folder" ] && folders+=("$folder"); done
find "${folders[@]}" \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh' \) -exec "$formatter" --dry-run -Werror {} +
