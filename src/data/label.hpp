// Aim: what a cell of a CSV file means: a number, a missing value, a label.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crossilo/data/import.hpp"

namespace crossilo {

/// The finite number that a text is as a whole; nothing otherwise.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
/// Equal as text, or as numbers.
[[nodiscard]] bool same_value(std::string_view a, std::string_view b);
/// The index of the value among the names.
[[nodiscard]] std::optional<std::size_t> index_of(const std::vector<std::string>& names, std::string_view value);

/// What the labels of a recipe are. Throws: ConfigError when classes, rule and task contradict each other.
struct LabelSchema {
  Task task = Task::binary;
  std::vector<std::string> class_names;
};
[[nodiscard]] LabelSchema label_schema(const ImportRecipe& recipe);
/// The label in a cell; nothing when the cell is not what `label_wanted` says.
[[nodiscard]] std::optional<float> label_of(const std::string& cell, const ImportRecipe& recipe,
                                            const LabelSchema& schema);
[[nodiscard]] std::string label_wanted(const ImportRecipe& recipe);

}  // namespace crossilo
