// Aim: one job at a time works in a run folder.
#pragma once

#include <string>

#include "crossilo/base/unique_handle.hpp"

namespace crossilo {

/// True while a process has the lock of a folder; false where there is none, or the file system knows no locks.
[[nodiscard]] bool is_run_locked(const std::string& folder);

/// An exclusive lock on a folder, held as long as the object lives; it falls with the process, however that ends.
class RunLock {
 public:
  /// Takes the lock. Where another process of the same job has it, is_held() is false; `job` is a random text that the
  /// processes of one job share. Throws: StorageError that names the holder where it is another job; where the file
  /// system knows no locks, the first process of a job is chosen, and other jobs are not kept away.
  /// `file`: what is locked; a supervisor locks another file than the ranks that it starts.
  RunLock(const std::string& folder, const std::string& job, const std::string& file = "lock");
  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

 private:
  struct DescriptorTraits {
    using Handle = int;
    static constexpr Handle none() { return -1; }
    static void close(Handle descriptor) noexcept;
  };
  UniqueHandle<DescriptorTraits> descriptor_;
  bool is_held_ = false;
};

}  // namespace crossilo
