// Aim: a TorchScript file's bytes, read once, so that what is hashed is what is run.
#pragma once

#include <string>

namespace crossilo {

struct TorchscriptFile {
  std::string bytes;
  std::string sha256;      // in hex
  bool is_traced = false;  // by torch.jit.trace: control flow and training mode are as they were then
};

/// Throws: ConfigError when there is no such regular file, when it is too large, when its SHA-256 is not the expected
/// one (empty: any), or when it is plainly something else, such as a state_dict saved by Python.
[[nodiscard]] TorchscriptFile read_torchscript_file(const std::string& path, const std::string& expected_sha256);

}  // namespace crossilo
