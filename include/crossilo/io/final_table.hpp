// Aim: the closing table that says what federating was worth, as text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace crossilo {

/// A measured value with its 95 % interval.
struct Measured {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// A value, or why there is none: "2 rows without disease, too few to rank". Both empty: not applicable.
struct TableCell {
  std::optional<Measured> measured;
  std::string reason;
};

/// One way to train, over all columns.
struct TableRow {
  std::string label;  // "federated"
  std::vector<TableCell> cells;
};

/// Shapes: rows_tested and every row's cells have one entry for each column.
struct FinalTable {
  std::string title;                 // "AUC on test rows"
  std::vector<std::string> columns;  // silos, then "all"
  std::vector<std::size_t> rows_tested;
  std::vector<TableRow> rows;
};

/// The table with each interval under its value, "–" where there is none and the reason in a footnote. A table wider
/// than `columns_max` goes on below, with its labels repeated.
[[nodiscard]] std::string final_table_text(const FinalTable& table, std::size_t columns_max = 120);

}  // namespace crossilo
