#include "text_table.hpp"

#include <algorithm>

#include "crossilo/base/text.hpp"

namespace crossilo {

std::string text_table(const std::vector<TextRow>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> widths(right.size());
  for (const TextRow& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  std::string text;
  for (const TextRow& row : rows) {
    text += " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_last = i + 1 == row.size();
      text += " " + (right[i] ? padded_left(row[i], widths[i]) : is_last ? row[i] : padded_right(row[i], widths[i]));
      if (!is_last) text += " ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

}  // namespace crossilo
