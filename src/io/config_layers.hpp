// Aim: where settings come from, as lists of key, value and place; nothing is interpreted here but names.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossilo/io/config.hpp"

namespace crossilo {

/// Where a setting or a mistake stands. Line 0: a layer without lines, or the layer as a whole.
struct Place {
  std::string text;  // "configs/heart.ini:14", "CROSSILO_TRAIN_MOMENTUM", "--train.momentum"
  int line = 0;
};

struct Setting {
  std::string name;  // "train.momentum"
  std::string value;
  Place place;
};

struct LayerProblem {
  Place place;
  std::string text;
};

/// One source of settings.
struct SettingsLayer {
  std::string source;  // "configs/heart.ini", "the environment", "the command line"
  bool is_own_file = false;
  bool is_readable = true;  // false: what it would have set is unknown
  std::vector<Setting> settings;
  std::vector<LayerProblem> problems;
};

[[nodiscard]] SettingsLayer layer_of_text(std::string_view text, const std::string& file);
/// A file that is missing, unreadable, empty or too large is a problem of the layer.
[[nodiscard]] SettingsLayer layer_of_file(const std::string& path);
/// The same for a silo's own file, which `origin` (an option, a variable) names.
[[nodiscard]] SettingsLayer layer_of_own_file(const std::string& path, const std::string& origin);
[[nodiscard]] SettingsLayer layer_of_environment(const NamedTexts& environment);
[[nodiscard]] SettingsLayer layer_of_command_line(const NamedTexts& settings);

/// The key that `name` is a slip of; empty where none is near.
[[nodiscard]] std::string nearest_key(std::string_view name);
/// "did you mean train.learning_rate?", or where to look when no key is near.
[[nodiscard]] std::string key_suggestion(std::string_view name);

}  // namespace crossilo
