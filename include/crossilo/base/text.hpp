// Aim: texts taken apart: blanks dropped from the ends, lists at their separators; texts filled up to a width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

/// The text without blanks, tabs and ends of lines before and behind it. Alive until: `text` is.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// What stands between the separators, empty parts too: n separators make n + 1 parts.
[[nodiscard]] inline std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Columns that a UTF-8 text takes on a terminal (every character counted as one).
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;
/// The text with blanks before (or behind) it, so that it takes `width` columns.
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t width);
[[nodiscard]] std::string padded_right(std::string_view text, std::size_t width);

}  // namespace crossilo
