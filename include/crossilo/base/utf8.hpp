// Aim: bytes that ought to be UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crossilo {

/// Bytes of the character that a text starts with; 0 where it is not UTF-8 (or the text is empty). No surrogates, no
/// longer forms than needed, nothing above U+10FFFF. Source: RFC 3629, section 4.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// True when a whole text is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// True when a text is UTF-8 without control characters, so that it can be shown on one line.
[[nodiscard]] bool is_one_line(std::string_view text) noexcept;

/// A text as it may stand in a message: short, on one line, UTF-8.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace crossilo
