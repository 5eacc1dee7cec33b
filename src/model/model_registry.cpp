#include <functional>
#include <map>
#include <numeric>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "networks.hpp"

namespace crossilo {
namespace {

using Builder = std::unique_ptr<Network> (*)(const ModelSpec&);

const std::map<std::string, Builder>& builders() {
  static const std::map<std::string, Builder> table = {
      {"cnn", &build_cnn}, {"linreg", &build_linear}, {"logreg", &build_linear}, {"mlp", &build_mlp}};
  return table;
}

std::size_t product_of(const std::vector<std::size_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

}  // namespace

std::vector<std::string> known_models() {
  std::vector<std::string> names;
  for (const auto& [name, builder] : builders()) names.push_back(name);
  return names;
}

std::unique_ptr<Network> build_network(const ModelSpec& spec) {
  CROSSILO_ASSERT(spec.inputs > 0 && spec.outputs > 0 && product_of(spec.sample_shape) == spec.inputs);
  if (!spec.torchscript.empty()) return build_torchscript(spec);
  const auto found = builders().find(spec.name);
  if (found == builders().end()) {
    std::string names;
    for (const std::string& name : known_models()) names += (names.empty() ? "" : ", ") + name;
    throw ConfigError("model.name = " + spec.name + ": no such model; known: " + names +
                      "; or a scripted module: model.torchscript = FILE.pt");
  }
  return found->second(spec);
}

}  // namespace crossilo
