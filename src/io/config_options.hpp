// Aim: the one table of all settings; parser, canonical text, documentation and help are made from it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "crossilo/io/config.hpp"

namespace crossilo {

struct ConfigOption {
  std::string name;     // "train.momentum"
  std::string allowed;  // "a number ≥ 0 and < 1": completes "… is wanted"
  std::string meaning;  // one sentence for a newcomer
  bool required = false;
  bool shared = true;                                     // must be equal on all silos
  std::function<bool(Config&, const std::string&)> read;  // false: not allowed, nothing changed
  std::function<std::string(const Config&)> write;
};

/// All options, section by section.
[[nodiscard]] const std::vector<ConfigOption>& config_options();

}  // namespace crossilo
