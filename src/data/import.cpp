#include "crossilo/data/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/silo_name.hpp"
#include "crossilo/base/utf8.hpp"
#include "import_column.hpp"
#include "label.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void refuse(const CsvTable& table, const CsvRow& row, const Column& column, const std::string& wanted) {
  throw DataError(fmt::format("{}:{}: column {}: \"{}\" found, {}", table.path, row.line, shown(column.name),
                              shown(row.fields[column.index]), wanted));
}

std::vector<std::string> feature_columns(const CsvTable& table, const ImportRecipe& recipe) {
  for (const std::string& name : recipe.drop) static_cast<void>(table.column(name));
  if (!recipe.use.empty()) return recipe.use;
  std::vector<std::string> names;
  for (const std::string& name : table.columns) {
    const bool has_role = name == recipe.label.column || name == recipe.group_column || name == recipe.silo_column ||
                          name == recipe.key_column;
    if (!has_role && !contains(recipe.drop, name)) names.push_back(name);
  }
  return names;
}

/// Without --use the first table says what the columns are; the others must have the same, in any order.
void require_same_columns(const CsvTable& table, const ImportRecipe& recipe, const std::vector<std::string>& features) {
  auto found = feature_columns(table, recipe);
  auto expected = features;
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  if (found == expected) return;
  std::vector<std::string> surplus;
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(), std::back_inserter(surplus));
  for (const std::string& name : expected) static_cast<void>(table.column(name));
  throw DataError(
      fmt::format("{}: has columns that the first file lacks: {}; name them with --drop, or the wanted ones with --use",
                  table.path, fmt::join(surplus, ", ")));
}

/// A role that the recipe gives to a column that is no feature would be lost without a word.
void require_features(const ImportRecipe& recipe, const std::vector<std::string>& features) {
  const auto require = [&](const char* option, const std::string& column) {
    if (!contains(features, column))
      throw ConfigError(
          fmt::format("{}: {} is not among the feature columns ({})", option, column, fmt::join(features, ", ")));
  };
  if (features.empty()) throw ConfigError("no feature columns are left");
  if (std::set(features.begin(), features.end()).size() != features.size())
    throw ConfigError("use: a column is named twice");
  if (contains(features, recipe.label.column))
    throw ConfigError(fmt::format("use: {} is the label, so it cannot be a feature", recipe.label.column));
  for (const CategoricalColumn& categorical : recipe.categorical) require("categorical", categorical.column);
  for (const MissingMark& missing : recipe.missing)
    if (!missing.column.empty() && missing.column != recipe.key_column) require("missing", missing.column);
}

void append_feature_names(const Column& column, std::vector<std::string>& names) {
  if (column.categories.empty()) names.push_back(column.name);
  for (const std::string& category : column.categories) names.push_back(column.name + "=" + category);
}

void append_values(const CsvTable& table, const CsvRow& row, const Column& column, std::vector<float>& x) {
  const std::string& cell = row.fields[column.index];
  const std::size_t width = std::max<std::size_t>(1, column.categories.size());
  if (index_of(column.missing_marks, cell)) {
    x.insert(x.end(), width, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  if (!column.categories.empty()) {
    const auto category = index_of(column.categories, cell);
    if (!category) refuse(table, row, column, fmt::format("one of {} is wanted", fmt::join(column.categories, ", ")));
    for (std::size_t i = 0; i < width; ++i) x.push_back(i == *category ? 1.0f : 0.0f);
    return;
  }
  const auto number = parse_number(cell);
  CROSSILO_ASSERT(number);  // require_numbers has looked
  x.push_back(static_cast<float>(*number));
  if (!std::isfinite(x.back())) refuse(table, row, column, "a number that fits float32 is wanted");
}

std::vector<float> labels_of(const CsvTable& table, const ImportRecipe& recipe, const LabelSchema& schema) {
  const Column column = column_of(table, recipe.label.column, recipe);
  std::vector<float> labels;
  for (const CsvRow& row : table.rows) {
    const std::string& cell = row.fields[column.index];
    if (index_of(column.missing_marks, cell)) refuse(table, row, column, label_wanted(recipe));
    const auto label = label_of(cell, recipe, schema);
    if (!label) refuse(table, row, column, label_wanted(recipe));
    labels.push_back(*label);
  }
  return labels;
}

std::vector<bool> test_rows(const CsvTable& table, const ImportRecipe& recipe, const std::vector<float>& labels) {
  std::vector<std::size_t> strata(labels.size(), 0);
  if (!recipe.regression)
    std::transform(labels.begin(), labels.end(), strata.begin(), [](float y) { return static_cast<std::size_t>(y); });
  std::vector<std::uint64_t> groups(labels.size());
  for (std::size_t row = 0; row < groups.size(); ++row) groups[row] = row;
  if (!recipe.group_column.empty()) {
    const Column column = column_of(table, recipe.group_column, recipe);
    for (std::size_t row = 0; row < groups.size(); ++row) {
      const std::string& cell = table.rows[row].fields[column.index];
      if (index_of(column.missing_marks, cell)) refuse(table, table.rows[row], column, "a group is wanted");
      groups[row] = hash64(cell);
    }
  }
  return split_rows(strata, groups, recipe.split);
}

/// The place of each row's value among all values: numbers in ascending order, then texts, then what is missing.
std::vector<double> places_of(const CsvTable& table, const Column& column) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto key_of = [&](const CsvRow& row) {
    const std::string& cell = row.fields[column.index];
    const auto number = parse_number(cell);
    return number ? std::pair(*number, std::string()) : std::pair(kInfinity, cell);
  };
  std::map<std::pair<double, std::string>, double> place_of;
  for (const CsvRow& row : table.rows) place_of[key_of(row)] = 0.0;
  double next = 0.0;
  for (auto& [key, place] : place_of) place = next++;
  std::vector<double> places;
  for (const CsvRow& row : table.rows) {
    const bool is_missing = index_of(column.missing_marks, row.fields[column.index]).has_value();
    places.push_back(is_missing ? kInfinity : place_of[key_of(row)]);
  }
  return places;
}

ImportedSilo import_silo(const SiloTable& source, const std::vector<std::string>& features,
                         const ImportRecipe& recipe) {
  const CsvTable& table = source.table;
  const LabelSchema label = label_schema(recipe);
  std::vector<Column> columns;
  for (const std::string& name : features) columns.push_back(column_of(table, name, recipe));

  ImportedSilo silo{source.silo, {}, {}};
  SiloData& data = silo.data;
  data.origin = recipe.origin;
  data.schema.task = label.task;
  data.schema.class_names = label.class_names;
  for (const Column& column : columns) append_feature_names(column, data.schema.feature_names);
  data.schema.sample_shape = {data.schema.feature_names.size()};
  if (const std::string fault = schema_fault(data.schema); !fault.empty()) throw DataError(table.path + ": " + fault);

  const std::vector<float> labels = labels_of(table, recipe, label);
  const std::vector<bool> is_test = test_rows(table, recipe, labels);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    RowSet& set = is_test[row] ? data.test : data.train;
    for (const Column& column : columns) append_values(table, table.rows[row], column, set.x);
    set.y.push_back(labels[row]);
    ++set.rows;
  }
  if (recipe.key_column.empty()) return silo;
  const std::vector<double> places = places_of(table, column_of(table, recipe.key_column, recipe));
  for (std::size_t row = 0; row < places.size(); ++row)
    (is_test[row] ? silo.keys.test : silo.keys.train).push_back(places[row]);
  return silo;
}

}  // namespace

std::string name_silos(std::vector<SiloTable>& tables) {
  std::string changes;
  std::map<std::string, std::string> given_of;
  for (SiloTable& table : tables) {
    const std::string given = shown(table.silo);
    std::string name = nearest_silo_name(table.silo);
    if (const std::string fault = silo_name_fault(name); !fault.empty())
      throw DataError(
          fmt::format("{}: a silo's name \"{}\" {}; {} are wanted", table.table.path, given, fault, kSiloNameAllowed));
    const auto [entry, is_new] = given_of.try_emplace(name, given);
    if (!is_new)
      throw DataError(fmt::format("{}: silos {} and {} would both be written as {}; give one another name",
                                  table.table.path, entry->second, given, name));
    if (name != table.silo) changes += fmt::format("silo {} is written as {}\n", given, name);
    table.silo = std::move(name);
  }
  return changes;
}

std::vector<SiloTable> tables_by_silo(const CsvTable& table, const std::string& silo_column) {
  const std::size_t index = table.column(silo_column);
  std::vector<SiloTable> silos;
  std::map<std::string, std::size_t> position_of;
  for (const CsvRow& row : table.rows) {
    const std::string& silo = row.fields[index];
    const auto [entry, is_new] = position_of.try_emplace(silo, silos.size());
    if (is_new) {
      if (silo.empty()) refuse(table, row, {silo_column, index, {}, {}}, "a silo's name is wanted");
      silos.push_back({silo, {table.path, table.columns, {}}});
    }
    silos[entry->second].table.rows.push_back(row);
  }
  return silos;
}

std::vector<ImportedSilo> import_silos(const std::vector<SiloTable>& tables, const ImportRecipe& recipe) {
  if (tables.empty()) throw ConfigError("no silos to import");
  if (!(recipe.split.test_fraction >= 0.0 && recipe.split.test_fraction < 1.0))
    throw ConfigError(
        fmt::format("test_fraction = {}: a number from 0 to below 1 is wanted", recipe.split.test_fraction));
  const auto features = feature_columns(tables.front().table, recipe);
  require_features(recipe, features);
  if (recipe.use.empty())
    for (const SiloTable& source : tables) require_same_columns(source.table, recipe, features);
  require_numbers(tables, features, recipe);
  std::vector<ImportedSilo> silos;
  for (const SiloTable& source : tables) silos.push_back(import_silo(source, features, recipe));
  return silos;
}

}  // namespace crossilo
