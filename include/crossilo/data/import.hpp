// Aim: from CSV tables to silo files' contents, by one recipe that all silos share, so that their columns agree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crossilo/data/csv.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

enum class LabelComparison : std::uint8_t { greater, greater_equal, less, less_equal, equal, not_equal };

/// What a row's label is: whether a column compares to a number, or the column's value itself.
struct LabelRule {
  std::string column;
  std::optional<LabelComparison> comparison;  // nothing: the value as it stands
  double number = 0.0;
};

/// Reads "num > 0", or "num" alone. Throws: ConfigError.
[[nodiscard]] LabelRule parse_label_rule(const std::string& text);

/// A column that becomes one column of 0 and 1 for each category, named "column=category".
struct CategoricalColumn {
  std::string column;
  std::vector<std::string> categories;
};

/// A text that means "missing". Texts that are numbers match by value (0 matches 0.0).
struct MissingMark {
  std::string column;  // empty: in every column
  std::string mark;
};

struct ImportRecipe {
  std::vector<std::string> use;   // feature columns in order; empty: all but `drop` and those with another role
  std::vector<std::string> drop;  // columns that are no features
  std::vector<CategoricalColumn> categorical;
  std::vector<MissingMark> missing;  // an empty field is always missing
  LabelRule label;
  std::vector<std::string> class_names;  // needed when the label is a class as it stands
  bool regression = false;
  std::string group_column;  // rows of one group stay together in the split; empty: no groups
  std::string silo_column;   // names the silo of a row; empty: one table a silo
  std::string key_column;    // to deal rows out by: `keys` of ImportedSilo; no feature unless `use` names it
  SplitOptions split;
  std::string origin;
};

/// The rows of one silo.
struct SiloTable {
  std::string silo;
  CsvTable table;
};

/// Takes a table apart by a column that names the silo; silos in the order in which they appear. Throws: DataError.
[[nodiscard]] std::vector<SiloTable> tables_by_silo(const CsvTable& table, const std::string& silo_column);

/// Gives each silo the nearest name that a configuration allows, and says in a line which ones changed.
/// Throws: DataError when two would then be called alike, or one cannot be called anything.
[[nodiscard]] std::string name_silos(std::vector<SiloTable>& tables);

struct ImportedSilo {
  std::string silo;
  RowKeys keys;   // places of the key column's values: numbers ascending, then texts; empty without one
  SiloData data;  // without the digest, which is computed on writing
};

/// Turns every table into a silo's data by the same recipe.
/// Deterministic: the same rows on every machine.
/// Throws: DataError with file, line, column, found and expected; ConfigError when the recipe contradicts itself.
[[nodiscard]] std::vector<ImportedSilo> import_silos(const std::vector<SiloTable>& tables, const ImportRecipe& recipe);

}  // namespace crossilo
