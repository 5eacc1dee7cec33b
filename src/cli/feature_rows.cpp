#include "feature_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "../data/label.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

/// The features that come from one column of the table, side by side.
struct Source {
  std::string name;
  std::size_t column = 0;
  std::vector<std::string> categories;  // empty: a number
};

bool has_column(const CsvTable& table, const std::string& name) {
  return std::ranges::find(table.columns, name) != table.columns.end();
}

std::vector<Source> sources_of(const CsvTable& table, const std::vector<std::string>& feature_names) {
  std::vector<Source> sources;
  for (const std::string& feature : feature_names) {
    const std::size_t equals = feature.find('=');
    const bool is_category = !has_column(table, feature) && equals != std::string::npos;
    const std::string name = is_category ? feature.substr(0, equals) : feature;
    if (!has_column(table, name))
      throw DataError(fmt::format("{}: column {} is missing; the model wants it", table.path, name));
    const bool goes_on = is_category && !sources.empty() && sources.back().name == name;
    if (!goes_on) sources.push_back({name, table.column(name), {}});
    if (is_category) sources.back().categories.push_back(feature.substr(equals + 1));
  }
  return sources;
}

bool is_missing(const std::string& cell, const std::string& column, const std::vector<MissingMark>& marks) {
  return cell.empty() || std::ranges::any_of(marks, [&](const MissingMark& mark) {
           return (mark.column.empty() || mark.column == column) && same_value(mark.mark, cell);
         });
}

void append_number(const CsvTable& table, const CsvRow& row, const Source& source, std::vector<float>& x) {
  const std::string& cell = row.fields[source.column];
  const auto number = parse_number(cell);
  x.push_back(static_cast<float>(number.value_or(std::numeric_limits<double>::infinity())));
  if (!std::isfinite(x.back()))
    throw DataError(fmt::format(
        "{}:{}: column {}: \"{}\" found, a number is wanted (a mark of a missing value: --missing_mark '{}')",
        table.path, row.line, source.name, shown(cell), shown(cell)));
}

void append_category(const CsvTable& table, const CsvRow& row, const Source& source, std::vector<float>& x) {
  const std::string& cell = row.fields[source.column];
  const auto category = index_of(source.categories, cell);
  if (!category)
    throw DataError(fmt::format("{}:{}: column {}: \"{}\" found, one of {} is wanted: the model knows no other",
                                table.path, row.line, source.name, shown(cell), fmt::join(source.categories, ", ")));
  for (std::size_t i = 0; i < source.categories.size(); ++i) x.push_back(i == *category ? 1.0f : 0.0f);
}

}  // namespace

std::vector<float> feature_rows(const CsvTable& table, const std::vector<std::string>& feature_names,
                                const std::vector<MissingMark>& missing) {
  const std::vector<Source> sources = sources_of(table, feature_names);
  std::vector<float> x;
  x.reserve(table.rows.size() * feature_names.size());
  for (const CsvRow& row : table.rows)
    for (const Source& source : sources) {
      if (is_missing(row.fields[source.column], source.name, missing))
        x.insert(x.end(), std::max<std::size_t>(1, source.categories.size()), std::numeric_limits<float>::quiet_NaN());
      else if (source.categories.empty())
        append_number(table, row, source, x);
      else
        append_category(table, row, source, x);
    }
  return x;
}

}  // namespace crossilo
