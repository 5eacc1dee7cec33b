#!/usr/bin/env bash
# Compiles and links the CUDA code with warnings as errors (preset cuda, without what needs libtorch) and runs its tests.
# Those that need a GPU are skipped where none is; without nvcc nothing is compiled, and this says so.
#   jobs/cuda.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

nvcc=$(PATH="$PATH:${CUDAToolkit_ROOT:-/usr/local/cuda}/bin" command -v nvcc || true)
if [ -z "$nvcc" ]; then
  echo "CUDA       no nvcc on PATH, in CUDAToolkit_ROOT or in /usr/local/cuda: the CUDA code was NOT compiled"
  exit 0
fi
build_preset cuda -DCROSSILO_LOWER_LAYERS_ONLY=ON -DCMAKE_CUDA_COMPILER="$nvcc" --target gpu_tests
ctest --preset cuda -L '^gpu$'
build/cuda/tests/foreign/cuda_device_test | grep -m 1 'no GPU: ' || true
