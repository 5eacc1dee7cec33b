#include "config_options.hpp"

#include <algorithm>

namespace crossilo {

const std::vector<ConfigOption>& config_options() {
  static const std::vector<ConfigOption> options = [] {
    std::vector<ConfigOption> all;
    add_run_options(all);
    add_training_options(all);
    add_federation_options(all);
    return all;
  }();
  return options;
}

const ConfigOption* find_option(std::string_view name) {
  const auto& options = config_options();
  const auto found = std::ranges::find(options, name, &ConfigOption::name);
  return found == options.end() ? nullptr : &*found;
}

std::string wanted(const ConfigOption& option) {
  return option.allowed + (option.need == Need::or_torchscript ? ", or model.torchscript = FILE.pt" : "");
}

}  // namespace crossilo
