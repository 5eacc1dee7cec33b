// Aim: numbers and columns as people read them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crossilo {

/// Columns that a UTF-8 text takes on a terminal (every character counted as one).
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;
/// The text with blanks before (or behind) it, so that it takes `width` columns.
[[nodiscard]] std::string padded_left(std::string_view text, std::size_t width);
[[nodiscard]] std::string padded_right(std::string_view text, std::size_t width);
/// "0.2 ms", "3 ms", "1.3 s", "4 min 10 s", "2 h 05 min": two digits that matter.
[[nodiscard]] std::string readable_seconds(double seconds);
/// "308 bytes", "12 kB", "1.2 MB", "25 GB": exact below 10 000, then two or three digits that matter; decimal units.
[[nodiscard]] std::string readable_bytes(double bytes);

}  // namespace crossilo
