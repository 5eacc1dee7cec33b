// Aim: models in the format that Python's safetensors reads: named float32 tensors and text metadata.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace crossilo {

/// A tensor to write. Shapes: values.size() is the product of `shape` (row-major; an empty shape is one number).
struct TensorView {
  std::string name;
  std::vector<std::size_t> shape;
  std::span<const float> values;
};

/// A tensor that was read.
struct Tensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

using TensorMetadata = std::map<std::string, std::string>;

struct TensorFile {
  std::vector<Tensor> tensors;  // in the order of their bytes in the file
  TensorMetadata metadata;
};

/// Writes the file whole or not at all; the tensors lie behind each other in the given order.
/// Deterministic: equal input gives an equal file. Throws: StorageError.
void write_safetensors(const std::string& path, std::span<const TensorView> tensors, const TensorMetadata& metadata);

/// Reads a file of float32 tensors. Every size is checked against the file's before memory is taken.
/// Throws: StorageError when it cannot be read, DataError with path, expected and found when it is not well formed.
[[nodiscard]] TensorFile read_safetensors(const std::string& path);

}  // namespace crossilo
