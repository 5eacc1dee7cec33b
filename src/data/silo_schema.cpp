#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "crossilo/base/check.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string shape_text(const std::vector<std::size_t>& shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

/// The names of `names` that are not among `others`.
std::vector<std::string> without(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::vector<std::string> result;
  std::copy_if(names.begin(), names.end(), std::back_inserter(result),
               [&](const std::string& name) { return !known.contains(name); });
  return result;
}

std::string name_fault(const char* attribute, const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (name.empty()) return std::string(attribute) + " has an empty name";
    if (!is_one_line(name))
      return fmt::format("{}: \"{}\": a name on one line, in UTF-8, is wanted", attribute, shown(name));
    if (!seen.insert(name).second) return std::string(attribute) + " names " + name + " twice";
  }
  return "";
}

}  // namespace

const char* to_string(Task task) {
  switch (task) {
    case Task::binary:
      return "binary";
    case Task::multiclass:
      return "multiclass";
    case Task::regression:
      return "regression";
  }
  CROSSILO_ASSERT(!"a task has a name");
  return "";
}

std::optional<Task> parse_task(std::string_view text) {
  for (const Task task : {Task::binary, Task::multiclass, Task::regression})
    if (text == to_string(task)) return task;
  return std::nullopt;
}

std::string generated_feature_name(std::size_t index) { return fmt::format("p{}", index); }

bool has_generated_names(const SiloSchema& schema) {
  if (schema.sample_shape.size() < 2) return false;
  for (std::size_t i = 0; i < schema.feature_names.size(); ++i)
    if (schema.feature_names[i] != generated_feature_name(i)) return false;
  return true;
}

std::size_t features_per_sample(const SiloSchema& schema) {
  std::size_t features = 1;
  for (const std::size_t size : schema.sample_shape) features *= size;
  return features;
}

Hash256 schema_hash(const SiloSchema& schema) {
  Sha256 hash;
  // Every text is preceded by its length, so that no two schemas give the same bytes.
  const auto add = [&](std::string_view text) { hash.update(std::to_string(text.size()) + ":").update(text); };
  const auto add_all = [&](const std::vector<std::string>& texts) {
    add(std::to_string(texts.size()));
    for (const std::string& text : texts) add(text);
  };
  add("crossilo/1|schema");
  add(to_string(schema.task));
  add(shape_text(schema.sample_shape));
  add_all(schema.feature_names);
  add_all(schema.class_names);
  return hash.finish();
}

std::string schema_difference(const SiloSchema& found, const SiloSchema& expected) {
  if (found.task != expected.task)
    return std::string("the task is ") + to_string(found.task) + ", the others have " + to_string(expected.task);
  if (found.class_names != expected.class_names)
    return "the classes are " + listed(found.class_names) + ", the others have " + listed(expected.class_names);
  if (found.sample_shape.size() != expected.sample_shape.size() ||
      (found.sample_shape.size() > 1 && found.sample_shape != expected.sample_shape))
    return "a sample is " + shape_text(found.sample_shape) + ", the others have " + shape_text(expected.sample_shape);
  if (found.feature_names == expected.feature_names) return "";

  const auto missing = without(expected.feature_names, found.feature_names);
  const auto surplus = without(found.feature_names, expected.feature_names);
  std::string which = missing.empty() ? "" : "missing: " + listed(missing);
  if (!surplus.empty()) which += (which.empty() ? "" : "; ") + std::string("only here: ") + listed(surplus);
  const std::size_t here = found.feature_names.size();
  const std::size_t there = expected.feature_names.size();
  if (here != there) return fmt::format("train/x has {} columns, the others have {} ({})", here, there, which);
  if (!which.empty()) return fmt::format("train/x has other columns than the others ({})", which);
  const auto at = std::mismatch(found.feature_names.begin(), found.feature_names.end(), expected.feature_names.begin());
  return fmt::format("train/x has its columns in another order: column {} is {}, the others have {}",
                     at.first - found.feature_names.begin() + 1, *at.first, *at.second);
}

std::string sample_fault(const SiloSchema& schema) {
  const std::size_t features = features_per_sample(schema);
  if (features == 0) return "a sample has no values";
  const bool is_table = schema.sample_shape.size() < 2;
  const std::size_t largest = is_table ? kColumnsMax : kSampleValuesMax;
  if (features <= largest) return "";
  return fmt::format("a sample of {} has {} values; {} at most can be read of {}", shape_text(schema.sample_shape),
                     features, largest, is_table ? "a table" : "an image");
}

std::string schema_fault(const SiloSchema& schema) {
  if (std::string fault = sample_fault(schema); !fault.empty()) return fault;
  const std::size_t features = features_per_sample(schema);
  if (schema.feature_names.size() != features)
    return fmt::format("feature_names has {} names, a row of train/x has {} values", schema.feature_names.size(),
                       features);
  if (!has_generated_names(schema))
    if (auto fault = name_fault("feature_names", schema.feature_names); !fault.empty()) return fault;
  if (auto fault = name_fault("class_names", schema.class_names); !fault.empty()) return fault;
  const std::size_t classes = schema.class_names.size();
  const auto fault = [&](const char* wanted) {
    return fmt::format("task {} with {} class_names; {}", to_string(schema.task), classes, wanted);
  };
  if (schema.task == Task::binary && classes != 2) return fault("2 are wanted (negative, positive)");
  if (schema.task == Task::multiclass && classes < 3) return fault("3 or more are wanted (for 2 classes: binary)");
  if (schema.task == Task::regression && classes != 0) return fault("none is wanted");
  return "";
}

std::string rows_fault(const SiloSchema& schema, const RowSet& set) {
  const auto infinite = std::find_if(set.x.begin(), set.x.end(), [](float value) { return std::isinf(value); });
  if (infinite != set.x.end()) {
    const auto at = static_cast<std::size_t>(infinite - set.x.begin());
    const std::size_t features = schema.feature_names.size();
    return fmt::format("x, row {}, column {}: is infinite; a number, or NaN for a missing value, is wanted",
                       at / features, schema.feature_names[at % features]);
  }
  const bool is_regression = schema.task == Task::regression;
  const auto classes = static_cast<float>(schema.class_names.size());
  for (std::size_t row = 0; row < set.y.size(); ++row) {
    const float label = set.y[row];
    const bool is_class = label >= 0.0f && label < classes && label == std::floor(label);
    if (is_regression ? std::isfinite(label) : is_class) continue;
    // The label itself is a patient's: messages travel to people who may not read the file.
    return fmt::format("y, row {}: is not {}", row,
                       is_regression ? "a finite number" : fmt::format("a class from 0 to {}", classes - 1));
  }
  return "";
}

}  // namespace crossilo
