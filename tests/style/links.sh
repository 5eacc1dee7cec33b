#!/usr/bin/env bash
# Aim: the program links libtorch_cpu but no libtorch_cuda, and without CUDA nothing of it; programs that need no libtorch link none.
# Method: read the NEEDED entries. Usage: links.sh READELF WITH_CUDA PROGRAM TORCH_FREE_PROGRAM…
set -euo pipefail
readelf=$1 with_cuda=$2 program=$3
shift 3
needed_of() { "$readelf" -d "$1" | grep NEEDED; }

status=0
fail() { echo "$1"; status=1; }
needed_of "$program" | grep -q 'libtorch_cpu\.so' || fail "$program does not need libtorch_cpu.so"
foreign='libtorch_cuda|libc10_cuda'
[ "$with_cuda" = ON ] || foreign+='|libcudart|libnccl'
if needed_of "$program" | grep -E "$foreign"; then fail "$program links CUDA libraries"; fi
[ $# -gt 0 ] || fail "no torch-free program was named"
for free in "$@"; do
  if needed_of "$free" | grep -E 'libtorch|libc10'; then fail "$free links libtorch, though its layer may not use it"; fi
done
exit "$status"
