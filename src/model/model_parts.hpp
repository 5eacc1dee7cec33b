// Aim: the torch side of a model, for src/model and the trainers; never included by a public header.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/model/model.hpp"

namespace crossilo {

/// One parameter of a network; its initial weights are uniform in [-initial_bound, initial_bound), or, where that is 0,
/// those that the network brings.
struct NamedParameter {
  std::string name;
  at::Tensor tensor;
  double initial_bound = 0.0;
};

/// A float buffer of a network that is averaged with its weights.
struct NamedBuffer {
  std::string name;
  at::Tensor tensor;
  bool is_non_negative = false;  // a running variance
};

/// What a builder makes: a function of its parameters and buffers. `parameters()` are leaves that require gradients.
class Network {
 public:
  virtual ~Network() = default;
  /// Shapes: [rows, inputs] -> [rows, outputs].
  [[nodiscard]] virtual at::Tensor forward(const at::Tensor& x) = 0;
  /// Adds to the parameters' gradients that of the sum of outputs x gradient; `outputs` is what forward gave last.
  virtual void backward(const at::Tensor& outputs, const at::Tensor& gradient) { outputs.backward(gradient); }
  /// False where a training batch of one row fails (normalisation over the rows of a batch).
  [[nodiscard]] virtual bool trains_on_single_rows() const { return true; }
  [[nodiscard]] virtual std::vector<NamedParameter> parameters() = 0;
  [[nodiscard]] virtual std::vector<NamedBuffer> buffers() { return {}; }
  /// Names of the parameters that do not require a gradient: they stay as they are.
  [[nodiscard]] virtual std::vector<std::string> frozen() const { return {}; }
  /// Whether dropout drops and normalisation learns from now on (false before the first call). Counters that never
  /// leave the silo (num_batches_tracked) start anew.
  virtual void set_training(bool) {}
  /// Brings what are neither parameters nor buffers to the device; those follow by themselves.
  virtual void move_to(at::Device) {}
  /// SHA-256 of the file that the network came from, in hex; empty where it came from none.
  [[nodiscard]] virtual std::string file_sha256() const { return {}; }
  /// A TorchScript file of the network with its present values; only where it came from one.
  [[nodiscard]] virtual std::string to_torchscript();
};

/// Throws: ConfigError that lists the known names, or says what fits.
[[nodiscard]] std::unique_ptr<Network> build_network(const ModelSpec& spec);

struct Model::Parts {
  ModelSpec spec;
  std::unique_ptr<Network> network;
  std::vector<TensorSpec> tensors;
  ParameterLayout layout;
  std::string file_sha256;
  std::vector<double> initial_bounds;  // one for each weight tensor
  std::vector<float> brought;          // d values that the network came with
  at::Tensor flat;                     // d; every weight and buffer is a view into it
  at::Tensor flat_gradient;            // layout.weights; every gradient is a view into it: zero it, never reset it
  std::vector<float> optimizer_state;  // of the silo that trains now; sized by its first use

  /// The flat vectors on a device, in whose place the network's tensors are views into these.
  struct OnDevice {
    at::Tensor flat;
    at::Tensor flat_gradient;
  };
  std::optional<OnDevice> on_device;

  /// The tensor where the network computes, or back in the host's memory: mostly the same, and then itself.
  [[nodiscard]] at::Tensor to_device(const at::Tensor& tensor) const {
    return on_device ? tensor.to(on_device->flat.device()) : tensor;
  }
  [[nodiscard]] at::Tensor to_host(const at::Tensor& tensor) const {
    return on_device ? tensor.detach().to(at::kCPU) : tensor;
  }
  /// The network computes with what `flat` holds.
  void push() const;
  /// `flat` holds what the network has.
  void pull() const;
};

[[nodiscard]] std::span<float> view(const at::Tensor& flat);

}  // namespace crossilo
