#include "import_column.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"
#include "label.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kCategoriesMax = 20;  // more values are hardly a category

/// What a feature that is taken for a number holds, in all tables.
struct Found {
  std::string first_text;             // place and cell of the first that is no number; empty: none
  std::set<std::string> texts = {};   // that are no numbers
  std::set<std::string> values = {};  // all; one more than kCategoriesMax at most
};

Found look_at(const std::string& feature, const std::vector<SiloTable>& tables, const ImportRecipe& recipe) {
  Found found;
  for (const auto& [silo, table] : tables) {
    const Column column = column_of(table, feature, recipe);
    if (!column.categories.empty()) return {};
    for (const CsvRow& row : table.rows) {
      const std::string& cell = row.fields[column.index];
      if (index_of(column.missing_marks, cell)) continue;
      if (found.values.size() <= kCategoriesMax) found.values.insert(cell);
      if (parse_number(cell)) continue;
      if (found.texts.size() <= kCategoriesMax) found.texts.insert(cell);
      if (found.first_text.empty())
        found.first_text =
            fmt::format("{}:{}: column {}: \"{}\" found", table.path, row.line, shown(feature), shown(cell));
    }
  }
  return found;
}

/// Fits between quotes on a shell's command line, and between the separators of --categorical.
bool can_be_option(const std::string& value) {
  return is_one_line(value) && !value.empty() && value.find_first_of("|'") == std::string::npos;
}

std::string ways_out(const std::string& feature, const Found& found, const ImportRecipe& recipe) {
  std::string ways;
  if (found.values.size() <= kCategoriesMax && std::ranges::all_of(found.values, can_be_option))
    ways = fmt::format("a category: --categorical '{}={}'; ", feature, fmt::join(found.values, "|"));
  ways += recipe.use.empty() ? "no feature: --drop '" + feature + "'" : "no feature: leave it out of --use";
  if (found.texts.size() == 1 && can_be_option(*found.texts.begin()))
    ways += fmt::format("; a missing value: --missing '{}={}'", feature, *found.texts.begin());
  return ways;
}

}  // namespace

Column column_of(const CsvTable& table, const std::string& name, const ImportRecipe& recipe) {
  Column column{name, table.column(name), {}, {""}};
  for (const CategoricalColumn& categorical : recipe.categorical)
    if (categorical.column == name) column.categories = categorical.categories;
  for (const MissingMark& missing : recipe.missing)
    if (missing.column.empty() || missing.column == name) column.missing_marks.push_back(missing.mark);
  return column;
}

void require_numbers(const std::vector<SiloTable>& tables, const std::vector<std::string>& features,
                     const ImportRecipe& recipe) {
  std::vector<std::string> faults;
  for (const std::string& feature : features) {
    const Found found = look_at(feature, tables, recipe);
    if (!found.first_text.empty())
      faults.push_back(fmt::format("{}, a number is wanted ({})", found.first_text, ways_out(feature, found, recipe)));
  }
  if (!faults.empty()) throw DataError(fmt::format("{}", fmt::join(faults, "\n")));
}

}  // namespace crossilo
