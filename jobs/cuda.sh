#!/usr/bin/env bash
# Compiles and links the CUDA code with warnings as errors (preset cuda, without what needs libtorch) and runs its tests.
# Those that need a GPU are skipped where none is; without nvcc nothing is compiled, and this says so.
#   jobs/cuda.sh
#   CROSSILO_NEEDS_NVCC=1 jobs/cuda.sh   without nvcc it fails, with exit code 3
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

nvcc=$(PATH="$PATH:${CUDAToolkit_ROOT:-/usr/local/cuda}/bin" command -v nvcc || true)
if [ -z "$nvcc" ]; then
  where="no nvcc on PATH, in CUDAToolkit_ROOT or in /usr/local/cuda: the CUDA code was NOT compiled"
  if [ -n "${CROSSILO_NEEDS_NVCC:-}" ]; then
    echo "jobs/cuda.sh: $where (CROSSILO_NEEDS_NVCC is set)" >&2
    exit 3
  fi
  echo "SKIPPED: $where"
  exit 0
fi
build_preset cuda -DCROSSILO_LOWER_LAYERS_ONLY=ON -DCMAKE_CUDA_COMPILER="$nvcc" --target gpu_tests
ctest --preset cuda -L '^gpu$'
build/cuda/tests/foreign/cuda_device_test | grep -m 1 'no GPU: ' || true
