// Aim: find known ring words in memory, wherever they stand.
// Method: two neighbours at a time (a statistic is two, too): 64 bits are met nowhere by chance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_set>

namespace crossilo::test {

class WordSearch {
 public:
  void add(std::span<const std::uint32_t> words) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) sought_.insert(words[i] | std::uint64_t{words[i + 1]} << 32);
  }
  void add(std::span<const std::uint64_t> statistics) { sought_.insert(statistics.begin(), statistics.end()); }

  /// Places that hold what is sought; zeros are not.
  [[nodiscard]] std::size_t count_in(std::span<const std::byte> memory) const {
    std::size_t found = 0;
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= memory.size(); at += sizeof(std::uint32_t)) {
      std::uint64_t both = 0;
      std::memcpy(&both, memory.data() + at, sizeof both);
      found += both != 0 && sought_.contains(both) ? 1 : 0;
    }
    return found;
  }

 private:
  std::unordered_set<std::uint64_t> sought_;
};

}  // namespace crossilo::test
