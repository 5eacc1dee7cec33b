// Aim: who adds up which words with whom: pure arithmetic, the same on every rank.
#pragma once

#include <cstddef>
#include <vector>

namespace crossilo {

/// Words [begin, end).
struct WordRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t words() const noexcept { return end - begin; }
  bool operator==(const WordRange&) const = default;
};

/// Part `part` of `range` that is divided into `parts` as evenly as can be, long ones on whole cache lines; later parts
/// may be empty.
[[nodiscard]] WordRange part_of(WordRange range, std::size_t part, std::size_t parts) noexcept;

/// How the ranks of a sum lie. A node's ranks are of one site and need no messages: they share memory, or all ranks of
/// the site have GPUs. Numbers are names; they need not be dense.
struct SumShape {
  std::vector<int> site_of_rank;
  std::vector<int> node_of_rank;

  /// Every rank a node and a site of its own.
  static SumShape flat(int ranks);
  [[nodiscard]] std::size_t ranks() const noexcept { return node_of_rank.size(); }
};

/// Words of which every group (a node of a site, a site of the world) holds its own partial sum, on the rank
/// `owners[k]`; that rank then adds up part k over all groups, and hands its total back to the others.
struct SumCell {
  WordRange words;
  std::vector<int> owners;  // one rank a group
  std::size_t own = 0;      // index of the rank that the plan is of

  [[nodiscard]] WordRange part(std::size_t k) const noexcept { return part_of(words, k, owners.size()); }
  [[nodiscard]] WordRange own_part() const noexcept { return part(own); }
};

/// What one rank does in the sum of a stretch of words.
///
/// In the node, member k adds up slice k over all members. Level by level (nodes of a site, then sites) the owners of
/// a cell exchange its parts directly: 2 (K - 1) / K of the words cross each border between K groups, in two steps,
/// whatever the groups' sizes; all ranks of a large site talk to the few of a small one, and none leads.
struct SumPlan {
  static constexpr std::size_t kLevels = 2;

  std::size_t words = 0;
  std::vector<int> node;                 // ranks of this rank's node, ascending
  std::size_t member = 0;                // this rank's place among them
  std::vector<SumCell> levels[kLevels];  // between the nodes of the site; between sites. Ascending

  /// The length of a slice: equal ones, the last of them short or empty, are what GPUs gather.
  [[nodiscard]] std::size_t slice_words() const noexcept { return part_of({0, words}, 0, node.size()).words(); }
  [[nodiscard]] WordRange slice(std::size_t k) const noexcept;
  [[nodiscard]] WordRange own_slice() const noexcept { return slice(member); }
};

[[nodiscard]] SumPlan plan_sum(const SumShape& shape, int rank, std::size_t words);

/// Into how many parts a rank's words are divided on their way, for cells of the most common size.
[[nodiscard]] std::size_t parts_of(const SumShape& shape);

}  // namespace crossilo
