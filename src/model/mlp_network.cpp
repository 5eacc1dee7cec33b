#include "layer.hpp"
#include "networks.hpp"

namespace crossilo {
namespace {

class MlpNetwork final : public Network {
 public:
  explicit MlpNetwork(const ModelSpec& spec)
      : layers_({.inputs = spec.inputs, .hidden = spec.hidden, .outputs = spec.outputs}) {}
  at::Tensor forward(const at::Tensor& x) override { return layers_.forward(x); }
  std::vector<NamedParameter> parameters() override {
    std::vector<NamedParameter> all;
    layers_.append_to(all);
    return all;
  }

 private:
  DenseLayers layers_;
};

}  // namespace

std::unique_ptr<Network> build_mlp(const ModelSpec& spec) { return std::make_unique<MlpNetwork>(spec); }

}  // namespace crossilo
