// Aim: one model per rank as one flat vector of parameters; torch stays behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/random.hpp"
#include "crossilo/base/types.hpp"
#include "crossilo/model/parameter_layout.hpp"

namespace crossilo {

/// What to build. Shapes: `inputs` features in, `outputs` logits (or targets) out.
struct ModelSpec {
  std::string name;  // a name of known_models(); not read with torchscript
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<std::size_t> sample_shape{};  // {features}, {height, width}, …; empty: {inputs}
  std::vector<std::size_t> hidden{};        // widths of fully connected hidden layers (mlp, cnn)
  std::vector<std::size_t> channels{};      // of convolutions (cnn)
  std::string torchscript{};                // path of a scripted module; empty: `name` is built
  std::string torchscript_sha256{};         // what the file's SHA-256 must be, in hex; empty: any
};

/// Trained by the optimizer, or a normalisation layer's running mean or variance.
enum class TensorKind : std::uint8_t { weight, buffer };

/// Where one named tensor lies in the flat vector, row-major.
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::size_t offset = 0;
  std::size_t count = 0;
  TensorKind kind = TensorKind::weight;
};

/// A model whose tensors are views into one flat parameter buffer and one flat gradient buffer, both 64-byte aligned.
/// Shared by all silos that a rank hosts: each writes its parameters first, nothing else is kept between them.
class Model {
 public:
  struct Parts;  // src/model/model_parts.hpp: what needs torch

  explicit Model(std::unique_ptr<Parts> parts);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  [[nodiscard]] const ModelSpec& spec() const noexcept;
  /// Shapes: d. Alive until: the model dies; moving the model keeps the buffers where they are.
  [[nodiscard]] std::span<float> parameters() noexcept;
  [[nodiscard]] std::span<const float> parameters() const noexcept;
  /// Which part of parameters() is trained; the gradient buffer has that part only.
  [[nodiscard]] const ParameterLayout& layout() const noexcept;
  /// In the order of the flat vector, without gaps: all weights, then all buffers.
  [[nodiscard]] const std::vector<TensorSpec>& tensors() const noexcept;
  /// SHA-256 over a canonical text of the model's name (with TorchScript: its file's SHA-256) and its tensors' names
  /// and shapes.
  [[nodiscard]] Hash256 schema_hash() const;
  /// Sets the initial weights: drawn, or those of the TorchScript file. Deterministic: the same bits on every machine
  /// for one root.
  void initialise(const PublicRoot& root);
  /// From now on the network has memory of its own on that device ("cuda:1"), and computes there; parameters() stay in
  /// the host's memory, and are copied where training and outputs begin. Once.
  void compute_on(const std::string& device);
  /// What the model gives for rows, in evaluation mode: logits, or predictions in the scaled unit.
  /// `chunk_done` is called between chunks of rows, and behind the last. Shapes: x rows x inputs, scaled -> rows x
  /// outputs. Throws: ConfigError where a TorchScript module fails.
  [[nodiscard]] std::vector<float> outputs_for(std::span<const float> x, const std::function<void()>& chunk_done = {});
  /// False where a training batch of one row fails (normalisation over the rows of a batch), as make_model tried.
  [[nodiscard]] bool trains_on_single_rows() const noexcept;
  /// SHA-256 of the TorchScript file, in hex; empty for a model of the zoo.
  [[nodiscard]] const std::string& torchscript_sha256() const noexcept;
  /// A TorchScript file with the present parameters, in evaluation mode, for use in PyTorch. Only with torchscript.
  [[nodiscard]] std::string to_torchscript();

  [[nodiscard]] Parts& parts() noexcept { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

/// The names that make_model knows, sorted.
[[nodiscard]] std::vector<std::string> known_models();

/// What a model consists of, without memory for its values.
struct ModelOutline {
  std::vector<TensorSpec> tensors;
  ParameterLayout layout;
};
/// The tensors that make_model would give, for a model of the zoo of any size. Throws: ConfigError as make_model does.
[[nodiscard]] ModelOutline outline_model(const ModelSpec& spec);
/// Why this machine has too little free memory for make_model; empty where it has enough.
[[nodiscard]] std::string memory_fault(const ParameterLayout& layout);

/// Builds a model: parameters are zero, with torchscript those of the file.
/// Throws: ConfigError that says what is known, what was found and what fits; EnvironmentError where a model of the zoo
/// does not fit the free memory.
[[nodiscard]] Model make_model(const ModelSpec& spec);

}  // namespace crossilo
