// Aim: one job at a time works in a run folder.
#pragma once

#include <string>

namespace crossilo {

/// An exclusive lock on a folder, held as long as the object lives; it falls with the process, however that ends.
class RunLock {
 public:
  /// Takes the lock, or throws StorageError that names who holds it. Where a file system knows no locks, `is_held` is
  /// false and nothing is locked.
  explicit RunLock(const std::string& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

 private:
  int descriptor_ = -1;
  bool is_held_ = false;
};

}  // namespace crossilo
