#!/usr/bin/env bash
# Aim: the program links libtorch_cpu but no libtorch_cuda; programs that need no libtorch link none.
# Method: read the NEEDED entries. Usage: links.sh READELF PROGRAM TORCH_FREE_PROGRAM…
set -euo pipefail
readelf=$1 program=$2
shift 2
needed_of() { "$readelf" -d "$1" | grep NEEDED; }

status=0
fail() { echo "$1"; status=1; }
needed_of "$program" | grep -q 'libtorch_cpu\.so' || fail "$program does not need libtorch_cpu.so"
if needed_of "$program" | grep -E 'libtorch_cuda|libc10_cuda|libcudart'; then fail "$program links CUDA libraries"; fi
[ $# -gt 0 ] || fail "no torch-free program was named"
for free in "$@"; do
  if needed_of "$free" | grep -E 'libtorch|libc10'; then fail "$free links libtorch, though its layer may not use it"; fi
done
exit "$status"
