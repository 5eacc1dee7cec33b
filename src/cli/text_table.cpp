#include "text_table.hpp"

#include <fmt/format.h>

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

std::string shortened_value(const std::string& value) {
  constexpr std::size_t kWidthMax = 48;
  if (value.empty()) return "–";
  if (value.size() <= kWidthMax) return value;
  std::size_t end = kWidthMax - 10;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0u) == 0x80u) --end;  // not amid a character
  return fmt::format("{}… ({} bytes)", value.substr(0, end), value.size());
}

}  // namespace crossilo
