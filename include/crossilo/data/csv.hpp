// Aim: a CSV file as a table of text (RFC 4180), with the line of every row for error messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

struct CsvRow {
  std::size_t line = 0;  // where the row begins, from 1 on
  std::vector<std::string> fields;
};

struct CsvTable {
  std::string path;  // for messages
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;  // each with columns.size() fields

  /// Throws: DataError when there is no such column.
  [[nodiscard]] std::size_t column(const std::string& name) const;
};

struct CsvOptions {
  std::vector<std::string> columns;  // names for a file without a header; empty: the first row has the names
  char separator = ',';
};

/// The rows of a CSV text. Quoted fields keep their text as it is; blanks around others are dropped; blank lines are
/// skipped; lines end with LF or CRLF. Throws: DataError with path, line, found and expected.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view text, char separator, const std::string& path);

/// Reads a whole file; every row has as many fields as there are columns, and no column name appears twice.
/// Throws: DataError.
[[nodiscard]] CsvTable read_csv(const std::string& path, const CsvOptions& options);

}  // namespace crossilo
