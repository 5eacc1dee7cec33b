#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <cmath>
#include <map>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "model_parts.hpp"

namespace crossilo {
namespace {

/// One linear layer; with one output it is logistic (or linear) regression, with more multinomial regression.
class LogisticRegression final : public Network {
 public:
  explicit LogisticRegression(const ModelSpec& spec)
      : bound_(1.0 / std::sqrt(static_cast<double>(spec.inputs))),
        weight_(at::empty({static_cast<std::int64_t>(spec.outputs), static_cast<std::int64_t>(spec.inputs)})),
        bias_(at::empty({static_cast<std::int64_t>(spec.outputs)})) {
    weight_.requires_grad_();
    bias_.requires_grad_();
  }
  at::Tensor forward(const at::Tensor& x) override { return at::linear(x, weight_, bias_); }
  std::vector<NamedParameter> parameters() override { return {{"weight", weight_, bound_}, {"bias", bias_, bound_}}; }

 private:
  double bound_;
  at::Tensor weight_;  // [outputs, inputs]
  at::Tensor bias_;    // [outputs]
};

template <class Built>
std::unique_ptr<Network> build(const ModelSpec& spec) {
  return std::make_unique<Built>(spec);
}

using Builder = std::unique_ptr<Network> (*)(const ModelSpec&);

const std::map<std::string, Builder>& builders() {
  static const std::map<std::string, Builder> table = {{"logreg", &build<LogisticRegression>}};
  return table;
}

}  // namespace

std::vector<std::string> known_models() {
  std::vector<std::string> names;
  for (const auto& [name, builder] : builders()) names.push_back(name);
  return names;
}

std::unique_ptr<Network> build_network(const ModelSpec& spec) {
  const auto found = builders().find(spec.name);
  if (found == builders().end()) {
    std::string names;
    for (const std::string& name : known_models()) names += (names.empty() ? "" : ", ") + name;
    throw ConfigError("model.name = " + spec.name + ": no such model; known: " + names);
  }
  CROSSILO_ASSERT(spec.inputs > 0 && spec.outputs > 0);
  return found->second(spec);
}

}  // namespace crossilo
