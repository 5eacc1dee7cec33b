#include <ATen/ops/linear.h>

#include "layer.hpp"
#include "networks.hpp"

namespace crossilo {
namespace {

/// With one output it is logistic or linear regression, by the task's loss; with more, multinomial regression.
class LinearNetwork final : public Network {
 public:
  explicit LinearNetwork(const ModelSpec& spec)
      : layer_("", {static_cast<std::int64_t>(spec.outputs), static_cast<std::int64_t>(spec.inputs)}) {}
  at::Tensor forward(const at::Tensor& x) override { return at::linear(x, layer_.weight, layer_.bias); }
  std::vector<NamedParameter> parameters() override {
    std::vector<NamedParameter> all;
    layer_.append_to(all);
    return all;
  }

 private:
  Layer layer_;
};

}  // namespace

std::unique_ptr<Network> build_linear(const ModelSpec& spec) { return std::make_unique<LinearNetwork>(spec); }

}  // namespace crossilo
