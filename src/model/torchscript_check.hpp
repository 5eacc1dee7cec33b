// Aim: what a TorchScript module has and does, found by running it on random rows.
#pragma once

#include <string>
#include <vector>

#include "crossilo/model/model.hpp"

namespace crossilo {

struct TorchscriptCheck {
  std::string sha256;
  std::vector<TensorSpec> tensors;
  std::size_t weights = 0;
  std::size_t buffers = 0;
  std::vector<std::string> frozen;   // parameters with requires_grad = False
  bool gives_probabilities = false;  // not logits: all in [0, 1], and with several outputs a row adds up to 1
  bool is_traced = false;
  bool is_repeatable = false;          // evaluating twice gives the same
  bool differs_in_training = false;    // outputs or buffers
  std::vector<std::string> unreached;  // parameters whose gradient is 0 on all random rows
  double step_seconds = 0.0;           // one forward and backward, after one to warm up
};

/// Rows of the random batch.
inline constexpr std::size_t kCheckedRows = 32;

/// Builds spec.torchscript and runs it forward and backward on random rows. Throws: ConfigError as make_model does.
[[nodiscard]] TorchscriptCheck check_torchscript(const ModelSpec& spec);

}  // namespace crossilo
