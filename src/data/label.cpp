#include "label.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"

namespace crossilo {
namespace {

struct Operator {
  const char* sign;
  LabelComparison comparison;
  const char* inverse;
};
// Longer signs first, so that ">=" is not read as ">".
constexpr std::array<Operator, 6> kOperators = {{{">=", LabelComparison::greater_equal, "<"},
                                                 {"<=", LabelComparison::less_equal, ">"},
                                                 {"==", LabelComparison::equal, "!="},
                                                 {"!=", LabelComparison::not_equal, "=="},
                                                 {">", LabelComparison::greater, "<="},
                                                 {"<", LabelComparison::less, ">="}}};

bool holds(double value, LabelComparison comparison, double number) {
  switch (comparison) {
    case LabelComparison::greater:
      return value > number;
    case LabelComparison::greater_equal:
      return value >= number;
    case LabelComparison::less:
      return value < number;
    case LabelComparison::less_equal:
      return value <= number;
    case LabelComparison::equal:
      return value == number;
    case LabelComparison::not_equal:
      return value != number;
  }
  throw InternalError("an unknown comparison");
}

/// {"num <= 0", "num > 0"}: what the two classes of a rule are called unless the user says.
std::vector<std::string> names_of(const LabelRule& rule) {
  for (const Operator& entry : kOperators)
    if (entry.comparison == *rule.comparison)
      return {fmt::format("{} {} {}", rule.column, entry.inverse, rule.number),
              fmt::format("{} {} {}", rule.column, entry.sign, rule.number)};
  throw InternalError("an unknown comparison");
}

}  // namespace

LabelRule parse_label_rule(const std::string& text) {
  for (const Operator& entry : kOperators) {
    const std::size_t at = text.find(entry.sign);
    if (at == std::string::npos) continue;
    const std::string column(trimmed(std::string_view(text).substr(0, at)));
    const auto number = parse_number(trimmed(std::string_view(text).substr(at + std::string_view(entry.sign).size())));
    if (column.empty() || !number) break;
    return {column, entry.comparison, *number};
  }
  const std::string column(trimmed(text));
  if (column.empty() || column.find_first_of("<>=!") != std::string::npos)
    throw ConfigError(fmt::format("label = \"{}\": a column, or a rule such as \"num > 0\", is wanted", text));
  return {column, std::nullopt, 0.0};
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool same_value(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto number = parse_number(a);
  return number && number == parse_number(b);
}

std::optional<std::size_t> index_of(const std::vector<std::string>& names, std::string_view value) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& name) { return same_value(name, value); });
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

LabelSchema label_schema(const ImportRecipe& recipe) {
  const std::size_t classes = recipe.class_names.size();
  if (recipe.regression) {
    if (classes > 0 || recipe.label.comparison)
      throw ConfigError(
          "task = regression: the label is a number as it stands; leave out --classes and the comparison");
    return {Task::regression, {}};
  }
  if (recipe.label.comparison) {
    if (classes != 0 && classes != 2)
      throw ConfigError(fmt::format("classes: a rule has 2 classes (negative, positive), {} are named", classes));
    return {Task::binary, classes == 0 ? names_of(recipe.label) : recipe.class_names};
  }
  if (classes < 2)
    throw ConfigError(
        fmt::format("label = {}: name its classes, alike for all silos (--classes no,yes), give a rule "
                    "(--label \"{} > 0\"), or say --task regression",
                    recipe.label.column, recipe.label.column));
  return {classes == 2 ? Task::binary : Task::multiclass, recipe.class_names};
}

std::optional<float> label_of(const std::string& cell, const ImportRecipe& recipe, const LabelSchema& schema) {
  if (!recipe.regression && !recipe.label.comparison) {
    const auto index = index_of(schema.class_names, cell);
    return index ? std::optional(static_cast<float>(*index)) : std::nullopt;
  }
  const auto number = parse_number(cell);
  if (!number) return std::nullopt;
  if (recipe.label.comparison) return holds(*number, *recipe.label.comparison, recipe.label.number) ? 1.0f : 0.0f;
  const auto value = static_cast<float>(*number);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string label_wanted(const ImportRecipe& recipe) {
  if (recipe.regression || recipe.label.comparison) return "a number is wanted (every row needs a label)";
  return fmt::format("one of the classes {} is wanted", fmt::join(recipe.class_names, ", "));
}

}  // namespace crossilo
