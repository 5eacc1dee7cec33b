// Aim: what must hold between settings that are right one by one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "crossilo/io/config.hpp"

namespace crossilo {

/// Which keys somebody set, and which of them (or missing ones) have no value to go by.
struct SettingStates {
  std::set<std::string> set;
  std::set<std::string> broken;
};

struct CheckProblem {
  std::string key;  // the place of this key is the place of the mistake
  std::string text;
  std::string cause{};  // the key that makes it one, where `key` itself may not be set
};

[[nodiscard]] std::vector<CheckProblem> check_pairs(const Config& config, const SettingStates& states);

}  // namespace crossilo
