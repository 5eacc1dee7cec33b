// Aim: sole ownership of a foreign library's handle.
#pragma once

#include <utility>

namespace crossilo {

/// Owns one handle and closes it when destroyed. Traits: `Handle`, `none()`, `close(Handle) noexcept`.
template <class Traits>
class UniqueHandle {
 public:
  using Handle = typename Traits::Handle;

  UniqueHandle() noexcept : handle_(Traits::none()) {}
  explicit UniqueHandle(Handle handle) noexcept : handle_(handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(other.release()) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~UniqueHandle() { reset(Traits::none()); }

  [[nodiscard]] Handle get() const noexcept { return handle_; }
  /// Gives the handle up without closing it.
  [[nodiscard]] Handle release() noexcept { return std::exchange(handle_, Traits::none()); }

 private:
  void reset(Handle next) noexcept {
    if (handle_ != Traits::none()) Traits::close(handle_);
    handle_ = next;
  }

  Handle handle_;
};

}  // namespace crossilo
