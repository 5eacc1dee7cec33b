// Aim: key material that does not outlive its use: it moves, is never copied, and is wiped wherever it leaves.
#pragma once

#include <string.h>

#include <span>

#include "crossilo/base/types.hpp"

namespace crossilo {

/// 256 secret bits. Wiped when destroyed; what it is made or moved from is wiped too.
class SecretKey {
 public:
  SecretKey() = default;
  SecretKey(Key256&& from) noexcept : key_(from) { wipe(from); }
  SecretKey(SecretKey&& other) noexcept : key_(other.key_) { wipe(other.key_); }
  SecretKey& operator=(SecretKey&& other) noexcept {
    if (this == &other) return *this;
    key_ = other.key_;
    wipe(other.key_);
    return *this;
  }
  ~SecretKey() { wipe(key_); }

  [[nodiscard]] const Key256& bytes() const noexcept { return key_; }
  [[nodiscard]] Key256& bytes() noexcept { return key_; }
  bool operator==(const SecretKey&) const = default;

 private:
  /// The compiler may not drop explicit_bzero.
  static void wipe(Key256& key) noexcept { explicit_bzero(key.data(), key.size()); }
  Key256 key_{};
};

}  // namespace crossilo
