#!/usr/bin/env bash
# Aim: shell scripts are free of the usual traps. Method: shellcheck on each. Usage: shell.sh REPOSITORY
set -euo pipefail
cd "$1"
folders=()
for folder in jobs slurm tests bench .ci; do [ -d "$folder" ] && folders+=("$folder"); done
grep -rlE '^#!.*\<(ba)?sh\>|^# shellcheck shell=' "${folders[@]}" | xargs -r shellcheck
