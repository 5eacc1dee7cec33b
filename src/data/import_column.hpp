// Aim: one column of a CSV file, with what the recipe says about it.
#pragma once

#include <string>
#include <vector>

#include "crossilo/data/import.hpp"

namespace crossilo {

struct Column {
  std::string name;
  std::size_t index = 0;
  std::vector<std::string> categories;  // empty: a number
  std::vector<std::string> missing_marks;
};

/// Throws: DataError when the table has no such column.
[[nodiscard]] Column column_of(const CsvTable& table, const std::string& name, const ImportRecipe& recipe);

/// Throws: DataError that names all features with texts where numbers are wanted, each with the options that settle it.
void require_numbers(const std::vector<SiloTable>& tables, const std::vector<std::string>& features,
                     const ImportRecipe& recipe);

}  // namespace crossilo
