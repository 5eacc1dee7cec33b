// Aim: a digest back from its hexadecimal text.
#pragma once

#include <charconv>
#include <optional>
#include <string>

#include "crossilo/foreign/openssl.hpp"

namespace crossilo {

/// What to_hex() wrote; nothing where the text is no digest.
[[nodiscard]] inline std::optional<Hash256> hash_from_hex(const std::string& text) {
  Hash256 hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    unsigned value = 0;
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, value, 16);
    hash.at(i) = static_cast<std::byte>(value);
  }
  return to_hex(hash) == text ? std::optional(hash) : std::nullopt;
}

}  // namespace crossilo
