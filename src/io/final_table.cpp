#include "crossilo/io/final_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crossilo/base/check.hpp"
#include "crossilo/io/text.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kGap = 2;

using Lines = std::vector<std::vector<std::string>>;  // a label and a text for each column

Lines all_lines(const FinalTable& table) {
  Lines lines(2);
  lines[0] = {table.title};
  lines[1] = {"rows tested"};
  lines[0].insert(lines[0].end(), table.columns.begin(), table.columns.end());
  for (const std::size_t rows : table.rows_tested) lines[1].push_back(fmt::format("{}", rows));
  for (const TableRow& row : table.rows) {
    std::vector<std::string> values{row.label};
    std::vector<std::string> intervals{"  95 % interval"};
    for (const TableCell& cell : row.cells) {
      values.push_back(cell.measured ? fmt::format("{:.3f}", cell.measured->value) : "–");
      intervals.push_back(cell.measured ? fmt::format("{:.2f}–{:.2f}", cell.measured->low, cell.measured->high) : "");
    }
    lines.push_back(std::move(values));
    lines.push_back(std::move(intervals));
  }
  return lines;
}

std::size_t width_of(const Lines& lines, std::size_t column) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, display_width(line[column]));
  return width;
}

/// Label and columns [first, end) of all lines.
std::string block_text(const Lines& lines, const std::vector<std::size_t>& widths, std::size_t first, std::size_t end) {
  std::string text;
  for (const auto& line : lines) {
    std::string shown = padded_right(line[0], widths[0]);
    for (std::size_t column = first; column < end; ++column) shown += padded_left(line[column], widths[column] + kGap);
    text += shown.substr(0, shown.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string footnotes(const FinalTable& table) {
  std::vector<std::string> notes;
  for (std::size_t column = 0; column < table.columns.size(); ++column)
    for (const TableRow& row : table.rows) {
      const TableCell& cell = row.cells[column];
      if (cell.measured || cell.reason.empty()) continue;
      std::string note = fmt::format("– {}: {}\n", table.columns[column], cell.reason);
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
    }
  return fmt::format("{}", fmt::join(notes, ""));
}

}  // namespace

std::string final_table_text(const FinalTable& table, std::size_t columns_max) {
  CROSSILO_ASSERT(table.rows_tested.size() == table.columns.size());
  for (const TableRow& row : table.rows) CROSSILO_ASSERT(row.cells.size() == table.columns.size());
  const Lines lines = all_lines(table);
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column <= table.columns.size(); ++column) widths.push_back(width_of(lines, column));
  std::string text;
  for (std::size_t first = 1; first < widths.size();) {
    std::size_t end = first;
    for (std::size_t width = widths[0]; end < widths.size(); ++end) {
      width += widths[end] + kGap;
      if (width > columns_max && end > first) break;
    }
    if (first != 1) text += "\n";
    text += block_text(lines, widths, first, end);
    first = end;
  }
  return text + footnotes(table);
}

}  // namespace crossilo
