#include "crossilo/base/text.hpp"

#include <algorithm>

namespace crossilo {

std::size_t display_width(std::string_view text) noexcept {
  // Bytes 10xxxxxx go on with a character that was begun before.
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(width - std::min(width, taken), ' ').append(text);
}

std::string padded_right(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(text).append(width - std::min(width, taken), ' ');
}

}  // namespace crossilo
