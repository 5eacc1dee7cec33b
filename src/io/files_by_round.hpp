// Aim: files of which there is one for a round, PREFIX N SUFFIX, in a folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace crossilo {

struct FilesByRound {
  std::string folder;
  std::string prefix;
  std::string suffix;

  [[nodiscard]] std::string file_of(std::uint32_t round) const {
    return folder + "/" + prefix + std::to_string(round) + suffix;
  }
  /// Rounds that there are files of, the newest first; none where the folder is missing.
  [[nodiscard]] std::vector<std::uint32_t> rounds() const;
  /// Removes the files of later rounds than `last`, and all but the `count` newest of the others. A file that cannot be
  /// removed stays: it does no harm.
  void keep_newest(std::uint32_t last, std::size_t count) const;
};

}  // namespace crossilo
