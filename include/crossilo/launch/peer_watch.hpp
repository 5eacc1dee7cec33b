// Aim: a rank that died is known at once to those that wait for it on the same machine, not when a deadline has passed.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace crossilo {

/// Where a process lives; equal machines and process namespaces see each other's process numbers. Travels as bytes.
struct ProcessPlace {
  std::array<char, 40> boot{};          // of this start of the machine; all zero where that is not known
  std::uint64_t process_namespace = 0;  // 0 where that is not known
  std::int64_t pid = 0;
};
[[nodiscard]] ProcessPlace own_process_place();

/// Looks whether the processes of other ranks are there.
class PeerWatch {
 public:
  /// One place for each rank, the own one at `own_rank`. Ranks on other machines are not looked at.
  PeerWatch(const std::vector<ProcessPlace>& places, int own_rank);
  /// The lowest rank whose process was gone at this look and at the one before. Looks ten times a second at most, and
  /// no more once the launcher of this process has gone: then all end, and none of them is to blame.
  [[nodiscard]] std::optional<int> ended_peer();

 private:
  struct Watched {
    int rank;
    pid_t pid;
    bool was_gone;
  };
  std::vector<Watched> watched_;
  pid_t launcher_;
  double next_look_ = 0.0;
};

}  // namespace crossilo
