// The only file that includes torch/script.h.
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/script.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/torch.hpp"
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

/// The first node in a block, and in the blocks inside it, that `wanted` accepts; null when there is none.
template <class Wanted>
const torch::jit::Node* find_node(const torch::jit::Block& block, const Wanted& wanted) {
  for (const torch::jit::Node* node : block.nodes()) {
    if (wanted(*node)) return node;
    for (const torch::jit::Block* inner : node->blocks())
      if (const torch::jit::Node* found = find_node(*inner, wanted)) return found;
  }
  return nullptr;
}

std::shared_ptr<torch::jit::Graph> inlined(const torch::jit::Method& method) {
  auto graph = method.graph()->copy();
  torch::jit::Inline(*graph);
  return graph;
}

/// Not a wall (docs/own-model.md), but no model needs it, so whoever sends one should be asked.
std::string file_operation_in(const Module& module) {
  const auto is_of_files = [](const torch::jit::Node& node) {
    const std::string_view kind = node.kind().toQualString();
    return kind == "aten::save" || kind == "aten::from_file";
  };
  for (const Module& part : module.modules())
    for (const torch::jit::Method& method : part.get_methods())
      if (const auto graph = inlined(method); const auto* node = find_node(*graph->block(), is_of_files))
        return node->kind().toQualString();
  return {};
}

/// `self.n += 1.0` of a tensor: changed in place, then assigned to itself.
bool is_in_place(const torch::jit::Node& assignment) {
  const torch::jit::Node& value = *assignment.input(1)->node();
  if (!std::string_view(value.kind().toQualString()).ends_with('_') || value.inputs().empty()) return false;
  const torch::jit::Node& changed = *value.input(0)->node();
  return changed.kind() == c10::prim::GetAttr && changed.s(c10::attr::name) == assignment.s(c10::attr::name);
}

/// The name of an attribute that forward assigns; empty when there is none. Objects that forward itself makes do not
/// outlive it.
std::string assigned_attribute_in(const Module& module) {
  const auto assigns = [](const torch::jit::Node& node) {
    return node.kind() == c10::prim::SetAttr && node.input(0)->node()->kind() != c10::prim::CreateObject &&
           !is_in_place(node);
  };
  for (const Module& part : module.modules()) {
    const auto method = part.find_method("forward");
    if (!method) continue;
    if (const auto graph = inlined(*method); const auto* node = find_node(*graph->block(), assigns))
      return node->s(c10::attr::name);
  }
  return {};
}

bool have_same_bytes(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  return a.numel() == 0 ||
         std::memcmp(a.contiguous().const_data_ptr(), b.contiguous().const_data_ptr(), a.nbytes()) == 0;
}

/// An attribute that is neither a trained parameter nor a buffer, as the file has it: nobody averages it or takes it
/// back, so forward must leave it alone.
class ConstantAttribute {
 public:
  /// `is_model` tells the tensors that training changes (an LSTM keeps a list of its parameters).
  template <class IsModel>
  ConstantAttribute(std::string name, const c10::IValue& value, const IsModel& is_model)
      : name_(std::move(name)), value_(value), leaves_(leaves_of(value)) {
    for (c10::IValue& leaf : leaves_)
      if (leaf.isTensor() && !is_model(leaf.toTensor())) leaf = leaf.toTensor().detach().clone();
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_as_it_was() const {
    return std::ranges::equal(leaves_of(value_), leaves_, [](const c10::IValue& now, const c10::IValue& before) {
      if (!now.isTensor() || !before.isTensor()) return now == before;
      return now.toTensor().is_same(before.toTensor()) || have_same_bytes(now.toTensor(), before.toTensor());
    });
  }

 private:
  /// Tensors, numbers and strings in it, in their order.
  static std::vector<c10::IValue> leaves_of(const c10::IValue& value) {
    std::vector<c10::IValue> leaves;
    value.visit([&](const c10::IValue& part) {
      if (part.isTensor() || part.isScalar() || part.isString() || part.isNone()) leaves.push_back(part);
      return false;
    });
    return leaves;
  }

  std::string name_;
  c10::IValue value_;
  std::vector<c10::IValue> leaves_;
};

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
    collect_constants();
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

  void backward(const at::Tensor& outputs, const at::Tensor& gradient) override {
    if (!outputs.requires_grad())
      refuse("forward's result has no gradient (torch.no_grad, or detach, inside?); it cannot be trained");
    try {
      outputs.backward(gradient);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& failure) {
      refuse("backward failed on a batch of shape " + shape_text(batch_shape_) + ": " + reason_of(failure));
    }
  }

  [[nodiscard]] bool trains_on_single_rows() const override { return trains_on_single_rows_; }

  std::vector<NamedParameter> parameters() override { return parameters_; }
  std::vector<NamedBuffer> buffers() override { return buffers_; }
  [[nodiscard]] std::vector<std::string> frozen() const override { return frozen_; }

  void set_training(bool is_training) override {
    const c10::NoGradGuard no_grad;
    for (const ConstantAttribute& constant : constants_)
      if (!constant.is_as_it_was())
        refuse("forward changes the attribute " + constant.name() +
               ", which is no buffer, so no silo would hear of it; make it one with register_buffer and change that in "
               "place, or leave it as it is");
    module_.train(is_training);
    for (auto& [counter, initial] : counters_) counter.copy_(initial);
  }

  void move_to(at::Device device) override {
    const c10::NoGradGuard no_grad;
    module_.to(device);
  }

  [[nodiscard]] std::string file_sha256() const override { return sha256_; }

  std::string to_torchscript() override {
    set_training(false);
    const c10::NoGradGuard no_grad;
    Module copy = module_.deepcopy();  // its own memory: the file must not hold views of one flat vector
    const auto copied = copy.named_parameters();
    auto original = module_.named_parameters().begin();
    for (const auto& parameter : copied) parameter.value.set_requires_grad((*original++).value.requires_grad());
    copy.to(at::kCPU);
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
    if (const std::string name = assigned_attribute_in(module_); !name.empty())
      refuse("forward assigns the attribute " + name + "; change buffers in place (self." + name +
             ".mul_(…), .add_(…), .copy_(…)) and keep in buffers whatever has to change (register_buffer)");
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
        const std::string full_name = owner.name.empty() ? name : owner.name + "." + name;
        if (!tensor.requires_grad()) {
          frozen_.push_back(full_name);
          continue;
        }
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

  void collect_constants() {
    const auto is_model = [&](const at::Tensor& tensor) {
      const auto is_it = [&](const auto& other) { return are_tied(other.tensor, tensor); };
      return std::ranges::any_of(parameters_, is_it) || std::ranges::any_of(buffers_, is_it) ||
             std::ranges::any_of(counters_, [&](const auto& counter) { return are_tied(counter.first, tensor); });
    };
    for (const auto& owner : module_.named_modules())
      for (const auto& [name, value] : owner.value.named_attributes(/*recurse=*/false)) {
        if (value.isModule() || name == "training" || (value.isTensor() && is_model(value.toTensor()))) continue;
        constants_.emplace_back(owner.name.empty() ? name : owner.name + "." + name, value, is_model);
      }
  }

  /// What does not fit is found here, before anything starts: shapes (the second batch finds a size frozen by tracing),
  /// a step that fails, attributes that change, batches of one row that do not work.
  void try_out(std::int64_t inputs) {
    const c10::AutoGradMode as_in_training(true);
    const TorchSeedGuard leaves_no_trace(0);
    set_training(false);
    {
      const c10::NoGradGuard no_grad;
      for (const std::int64_t rows : {2, 3}) (void)forward(at::zeros({rows, inputs}));
    }
    std::vector<at::Tensor> brought;
    for (const NamedBuffer& buffer : buffers_) brought.push_back(buffer.tensor.clone());
    set_training(true);
    const at::Tensor outputs = forward(at::ones({2, inputs}));
    backward(outputs, at::ones_like(outputs));
    put_back(brought);
    trains_on_single_rows_ = can_train_on(at::ones({1, inputs}), brought);
    put_back(brought);
    set_training(false);
  }

  /// Batch normalisation refuses, or leaves a variance that is no number.
  bool can_train_on(const at::Tensor& x, const std::vector<at::Tensor>& before) {
    const c10::NoGradGuard no_grad;
    try {
      (void)forward(x);
    } catch (const ConfigError&) {
      return false;
    }
    return std::ranges::equal(buffers_, before, [](const NamedBuffer& buffer, const at::Tensor& brought) {
      return (buffer.tensor.isfinite() | (buffer.tensor == brought)).all().item<bool>();
    });
  }

  void put_back(const std::vector<at::Tensor>& brought) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < brought.size(); ++i) at::Tensor(buffers_[i].tensor).copy_(brought[i]);
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
  std::vector<std::string> frozen_;
  std::vector<NamedBuffer> buffers_;
  std::vector<std::pair<at::Tensor, at::Tensor>> counters_;  // integer buffers, and their values in the file
  std::vector<ConstantAttribute> constants_;
  bool trains_on_single_rows_ = true;
};

}  // namespace

std::unique_ptr<Network> build_torchscript(const ModelSpec& spec) { return std::make_unique<TorchscriptNetwork>(spec); }

}  // namespace crossilo
