#!/usr/bin/env bash
# Aim: each rule fails on a tree that breaks it, and passes on one that does not.
# Method: small trees in a temporary folder, one breach each.
set -euo pipefail
rules=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fresh_tree() {
  rm -rf "$scratch/tree"
  mkdir -p "$scratch/tree/cmake" "$scratch/tree/bench"
  cd "$scratch/tree"
  mkdir -p include/crossilo/base include/crossilo/comm src/base src/comm tests/base
  echo '#include "crossilo/base/types.hpp"' >include/crossilo/comm/ring.hpp
  printf '%s\n' '#include "crossilo/version.hpp"' '// MPI_Send(x) is not called here' >src/base/types.cpp
  echo 'int f() { return MPI_Barrier(comm); }' >src/comm/ring.cpp
  echo 'TEST(A, B) {}' >tests/base/types_test.cpp
  echo 'target_sources(crossilo PRIVATE base/types.cpp comm/ring.cpp)' >src/CMakeLists.txt
  echo 'crossilo_add_test(NAME types SOURCES types_test.cpp)' >tests/base/CMakeLists.txt
  echo 'add_subdirectory(src)' >CMakeLists.txt
}
status=0
expect() { # expect pass|fail RULE WHAT
  local outcome=pass
  "$rules/$2.sh" "$scratch/tree" >"$scratch/out" 2>&1 || outcome=fail
  [ "$outcome" = "$1" ] && return
  echo "$2 on $3: expected $1, found $outcome"
  cat "$scratch/out"
  status=1
}

fresh_tree
for rule in layers raw_calls file_length build_lists type_names; do expect pass "$rule" "a good tree"; done

fresh_tree
echo '#include "crossilo/comm/ring.hpp"' >>src/base/types.cpp
expect fail layers "base that includes comm"
fresh_tree
echo '#  include <crossilo/comm/ring.hpp>' >>include/crossilo/base/types.hpp
expect fail layers "a header of base that includes comm"
fresh_tree
echo '#include "../comm/ring.hpp"' >>src/base/types.cpp
expect fail layers "a private header of another layer"
fresh_tree
mkdir src/misc
echo '#include "crossilo/base/types.hpp"' >src/misc/x.cpp
expect fail layers "a folder that is no layer"

for call in 'MPI_Send(x)' 'H5Fopen(x)' 'EVP_MD_CTX_new()' 'ncclAllReduce (x)' 'cudaMalloc(x)' 'RAND_bytes(x)' 'OPENSSL_cleanse(x)' \
  'ERR_get_error()' 'OSSL_PARAM_construct_end()'; do
  fresh_tree
  echo "int g() { return $call; }" >>src/base/types.cpp
  expect fail raw_calls "$call in base"
done

for file in src/base/types.cpp src/comm/ring.cpp src/base/kernel.cu src/base/launch.cuh; do
  fresh_tree
  echo 'void h() { cudaStreamSynchronize(stream); }' >>"$file"
  expect fail raw_calls "a blocking call in $file"
done
for line in 'void h() { ring_sum_.start(1, 2, source, deadline); }' 'void h(RingSum& sum, Words words) { sum.sum(words, {}); }'; do
  fresh_tree
  echo "$line" >>src/base/types.cpp
  expect fail raw_calls "a sum that SecureSum did not start"
done
fresh_tree
echo 'void h() { cudaMemcpyAsync(a, b, 1, kind, stream); }' >src/base/kernel.cu
expect pass raw_calls "a call of CUDA in a .cu file"
expect fail build_lists "a .cu file that no list names"
echo '#include "crossilo/comm/ring.hpp"' >>src/base/kernel.cu
expect fail layers "a .cu file of base that includes comm"
fresh_tree
echo '#include <torch/torch.h>' >src/base/kernel.cu
expect fail raw_calls "libtorch in a .cu file"
fresh_tree
printf '//%.0s\n' $(seq 401) >src/base/launch.cuh
expect fail file_length "a .cuh file of more than 400 lines"

fresh_tree
printf '//%.0s\n' $(seq 401) >>src/base/types.cpp
expect fail file_length "a file of more than 400 lines"
fresh_tree
echo 'file(GLOB x *.cpp)' >>src/CMakeLists.txt
expect fail build_lists "a glob"
fresh_tree
touch tests/base/lost_test.cpp
expect fail build_lists "a test that no list names"
for line in 'struct Layer {' 'class Layer final : public Base {' 'enum class Layer : int { a };'; do
  fresh_tree
  echo 'struct Layer;' >>include/crossilo/base/types.hpp
  expect pass type_names "a forward declaration"
  printf '%s\n' 'struct Layer {' '};' >>include/crossilo/base/types.hpp
  expect pass type_names "one definition"
  echo "$line" >>src/comm/private.hpp
  expect fail type_names "$line"
done
exit "$status"
