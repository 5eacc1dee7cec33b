// The only file that includes torch/script.h.
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/script.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "networks.hpp"
#include "torchscript_file.hpp"

namespace crossilo {
namespace {

using torch::jit::Module;

/// "[2, 13]"
std::string shape_text(at::IntArrayRef shape) {
  std::string text;
  for (const std::int64_t extent : shape) text.append(text.empty() ? "" : ", ").append(std::to_string(extent));
  return "[" + text + "]";
}

/// What went wrong, without the traceback before it and the stack behind it.
std::string reason_of(const std::exception& failure) {
  std::string_view text = failure.what();
  if (const std::size_t at = text.rfind("Error: "); at != std::string_view::npos) text.remove_prefix(at + 7);
  text = text.substr(0, text.find("\nException raised from"));
  text = text.substr(0, text.find("\n\n"));
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

/// Two names of one tensor: the very same, or two views of the same elements (files keep tied weights so).
bool are_tied(const at::Tensor& a, const at::Tensor& b) {
  if (a.is_same(b)) return true;
  return a.numel() > 0 && a.is_alias_of(b) && a.storage_offset() == b.storage_offset() && a.sizes() == b.sizes() &&
         a.strides() == b.strides();
}

/// The first operation in a block that reads or writes files; empty when there is none.
std::string file_operation_in(const torch::jit::Block& block) {
  for (const torch::jit::Node* node : block.nodes()) {
    const std::string kind = node->kind().toQualString();
    if (kind == "aten::save" || kind == "aten::from_file") return kind;
    for (const torch::jit::Block* inner : node->blocks())
      if (std::string found = file_operation_in(*inner); !found.empty()) return found;
  }
  return {};
}

/// Not a wall (docs/own-model.md), but no model needs it, so whoever sends one should be asked.
std::string file_operation_in(const Module& module) {
  for (const Module& part : module.modules())
    for (const torch::jit::Method& method : part.get_methods()) {
      const auto graph = method.graph()->copy();
      torch::jit::Inline(*graph);
      if (std::string found = file_operation_in(*graph->block()); !found.empty()) return found;
    }
  return {};
}

class TorchscriptNetwork final : public Network {
 public:
  explicit TorchscriptNetwork(const ModelSpec& spec)
      : path_(spec.torchscript), outputs_(static_cast<std::int64_t>(spec.outputs)), batch_shape_{0} {
    batch_shape_.insert(batch_shape_.end(), spec.sample_shape.begin(), spec.sample_shape.end());
    const TorchscriptFile file = read_torchscript_file(path_, spec.torchscript_sha256);
    sha256_ = file.sha256;
    load(file.bytes);
    collect_parameters();
    collect_buffers();
    set_training(false);
    try_out(static_cast<std::int64_t>(spec.inputs));
  }

  at::Tensor forward(const at::Tensor& x) override {
    batch_shape_.front() = x.size(0);
    c10::IValue output;
    try {
      output = (*forward_)({batch_shape_.size() == 2 ? x : x.view(batch_shape_)});
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& failure) {
      refuse("forward failed on a batch of shape " + shape_text(batch_shape_) + ": " + reason_of(failure) +
             (x.size(0) == 1 ? "; does it normalise over the rows of a batch? Then no batch may have 1 row" : ""));
    }
    return as_rows(output);
  }

  std::vector<NamedParameter> parameters() override { return parameters_; }
  std::vector<NamedBuffer> buffers() override { return buffers_; }

  void set_training(bool is_training) override {
    const c10::NoGradGuard no_grad;
    module_.train(is_training);
    for (auto& [counter, initial] : counters_) counter.copy_(initial);
  }

  [[nodiscard]] std::string file_sha256() const override { return sha256_; }

  std::string to_torchscript() override {
    set_training(false);
    const c10::NoGradGuard no_grad;
    Module copy = module_.deepcopy();  // its own memory: the file must not hold views of one flat vector
    const auto copied = copy.named_parameters();
    auto original = module_.named_parameters().begin();
    for (const auto& parameter : copied) parameter.value.set_requires_grad((*original++).value.requires_grad());
    std::ostringstream bytes;
    copy.save(bytes);
    return std::move(bytes).str();
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw ConfigError("TorchScript file " + path_ + ": " + what);
  }

  void load(const std::string& bytes) {
    std::istringstream stream(bytes);
    try {
      module_ = torch::jit::load(stream, c10::kCPU);
    } catch (const std::exception& failure) {
      refuse("cannot be loaded: " + reason_of(failure));
    }
    if (const std::string found = file_operation_in(module_); !found.empty())
      refuse("it uses " + found + ", so it reads or writes files; a model has no need to");
    const auto method = module_.find_method("forward");
    if (!method) refuse("it has no method forward");
    const auto& arguments = method->function().getSchema().arguments();  // self, x, and others with defaults
    const auto needed = std::ranges::count_if(arguments, [](const auto& a) { return !a.default_value(); });
    if (arguments.size() < 2 || needed > 2)
      refuse("forward takes " + std::to_string(needed - 1) + " tensors; forward(x) with one is wanted");
    forward_.emplace(*method);
  }

  /// Frozen parameters (requires_grad = false) stay as the file has them.
  void collect_parameters() {
    for (const auto& owner : module_.named_modules()) {
      for (const auto& [name, tensor] : owner.value.named_parameters(/*recurse=*/false)) {
        if (!tensor.requires_grad()) continue;
        const std::string full_name = owner.name.empty() ? name : owner.name + "." + name;
        if (tensor.scalar_type() != at::kFloat)
          refuse("parameter " + full_name + " has type " + c10::toString(tensor.scalar_type()) +
                 "; Float is wanted: call model.float() before scripting");
        const auto tied = std::ranges::find_if(
            parameters_, [&, &value = tensor](const NamedParameter& other) { return are_tied(other.tensor, value); });
        if (tied == parameters_.end())
          parameters_.push_back({full_name, tensor, /*initial_bound=*/0.0});
        else
          Module(owner.value).setattr(name, tied->tensor);  // one tensor from now on: trained once
      }
    }
    if (parameters_.empty())
      refuse("it has no parameter that can be trained (frozen by torch.jit.freeze, or requires_grad = False?)");
  }

  void collect_buffers() {
    for (const auto& [name, tensor] : module_.named_buffers()) {
      const auto is_known = [&value = tensor](const auto& other) { return are_tied(other.tensor, value); };
      if (std::ranges::any_of(parameters_, is_known) || std::ranges::any_of(buffers_, is_known)) continue;
      if (tensor.scalar_type() == at::kFloat)
        buffers_.push_back({name, tensor, /*is_non_negative=*/std::string_view(name).ends_with("running_var")});
      else if (!tensor.is_floating_point() && !tensor.is_complex())
        counters_.emplace_back(tensor, tensor.clone());
      else
        refuse("buffer " + name + " has type " + c10::toString(tensor.scalar_type()) +
               "; Float is wanted (it is averaged), or an integer type (it stays local)");
    }
  }

  /// Shapes that do not fit are found here, before anything starts. The second batch finds a size frozen by tracing.
  void try_out(std::int64_t inputs) {
    const c10::NoGradGuard no_grad;
    for (const std::int64_t rows : {2, 3}) (void)forward(at::zeros({rows, inputs}));
  }

  /// [rows, outputs], of what forward returned.
  [[nodiscard]] at::Tensor as_rows(const c10::IValue& output) const {
    const std::int64_t rows = batch_shape_.front();
    const std::string wanted = outputs_ == 1 ? shape_text({rows}) + " or " + shape_text({rows, 1})
                                             : shape_text({rows, outputs_}) + " (one column a class)";
    if (!output.isTensor()) refuse("forward returned " + output.tagKind() + "; a tensor " + wanted + " is wanted");
    const at::Tensor& y = output.toTensor();
    if (y.scalar_type() != at::kFloat)
      refuse("forward returned type " + std::string(c10::toString(y.scalar_type())) + "; Float is wanted");
    if (y.dim() == 2 && y.size(0) == rows && y.size(1) == outputs_) return y;
    if (outputs_ == 1 && y.dim() == 1 && y.size(0) == rows) return y.unsqueeze(1);
    refuse("forward returned shape " + shape_text(y.sizes()) + " for a batch of shape " + shape_text(batch_shape_) +
           "; " + wanted + " is wanted");
  }

  std::string path_;
  std::string sha256_;
  std::int64_t outputs_;
  std::vector<std::int64_t> batch_shape_;  // [rows, sample shape…]
  Module module_;
  std::optional<torch::jit::Method> forward_;
  std::vector<NamedParameter> parameters_;
  std::vector<NamedBuffer> buffers_;
  std::vector<std::pair<at::Tensor, at::Tensor>> counters_;  // integer buffers, and their values in the file
};

}  // namespace

std::unique_ptr<Network> build_torchscript(const ModelSpec& spec) { return std::make_unique<TorchscriptNetwork>(spec); }

}  // namespace crossilo
