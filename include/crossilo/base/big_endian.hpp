// Aim: integers as bytes in one order, for everything that is hashed or derived.
#pragma once

#include <concepts>

namespace crossilo {

/// Appends `value` to a text that has push_back, highest byte first: sizeof(Integer) bytes.
template <class Text, std::unsigned_integral Integer>
void append_big_endian(Text& text, Integer value) {
  for (int shift = 8 * static_cast<int>(sizeof(Integer)) - 8; shift >= 0; shift -= 8)
    text.push_back(static_cast<char>((value >> shift) & 0xffu));
}

}  // namespace crossilo
