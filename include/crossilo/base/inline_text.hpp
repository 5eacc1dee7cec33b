// Aim: short texts made in every round, such as what a key is derived for, without taking memory each time.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "crossilo/base/check.hpp"

namespace crossilo {

/// At most kBytes bytes, of any value; a longer one is an InternalError.
class InlineText {
 public:
  static constexpr std::size_t kBytes = 160;

  explicit InlineText(std::string_view text) { append(text); }
  void push_back(char byte) {
    CROSSILO_ASSERT(size_ < kBytes);
    bytes_[size_++] = byte;
  }
  InlineText& append(std::string_view text) {
    for (const char byte : text) push_back(byte);
    return *this;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  operator std::string_view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, kBytes> bytes_;
  std::size_t size_ = 0;
};

}  // namespace crossilo
