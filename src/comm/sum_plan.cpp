#include "crossilo/comm/sum_plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kLineWords = 16;  // 64 bytes of the narrowest words that are summed
constexpr std::size_t kFewLines = 4;    // so short a part is better even than on a line

/// A stretch of words and the rank that holds its group's partial sum.
struct Owned {
  WordRange words;
  int rank = 0;
};
using Ownership = std::vector<Owned>;  // ascending, without gaps, without empty stretches

/// The ranks of each group, groups in the order of their first rank.
std::vector<std::vector<int>> groups_of(const std::vector<int>& ranks, const std::vector<int>& group_of_rank) {
  std::map<int, std::size_t> place;
  std::vector<std::vector<int>> groups;
  for (const int rank : ranks) {
    const auto [found, is_new] = place.emplace(group_of_rank[static_cast<std::size_t>(rank)], groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(rank);
  }
  return groups;
}

Ownership own_slices(const std::vector<int>& node, std::size_t words) {
  const SumPlan plan{.words = words, .node = node};
  Ownership owned;
  for (std::size_t k = 0; k < node.size(); ++k)
    if (const WordRange slice = plan.slice(k); slice.words() > 0) owned.push_back({slice, node[k]});
  return owned;
}

/// All cells between groups, and who owns what afterwards.
struct Merged {
  std::vector<SumCell> cells;
  Ownership owned;
};

Merged merge(const std::vector<Ownership>& groups) {
  if (groups.size() == 1) return {.cells = {}, .owned = groups.front()};
  Merged merged;
  std::vector<std::size_t> at(groups.size(), 0);
  for (std::size_t begin = 0; at.front() < groups.front().size();) {
    SumCell cell{.words = {begin, groups.front()[at.front()].words.end}, .owners = {}};
    for (std::size_t group = 0; group < groups.size(); ++group) {
      const Owned& owned = groups[group][at[group]];
      cell.words.end = std::min(cell.words.end, owned.words.end);
      cell.owners.push_back(owned.rank);
    }
    for (std::size_t k = 0; k < groups.size(); ++k) {
      if (const WordRange part = cell.part(k); part.words() > 0) merged.owned.push_back({part, cell.owners[k]});
      if (groups[k][at[k]].words.end == cell.words.end) ++at[k];
    }
    begin = cell.words.end;
    merged.cells.push_back(std::move(cell));
  }
  return merged;
}

/// The cells that `rank` has a hand in.
std::vector<SumCell> cells_of(int rank, const std::vector<SumCell>& cells) {
  std::vector<SumCell> own;
  for (const SumCell& cell : cells) {
    const auto found = std::ranges::find(cell.owners, rank);
    if (found == cell.owners.end()) continue;
    own.push_back(cell);
    own.back().own = static_cast<std::size_t>(found - cell.owners.begin());
  }
  return own;
}

std::vector<int> all_ranks(const SumShape& shape) {
  std::vector<int> ranks(shape.ranks());
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

}  // namespace

WordRange part_of(WordRange range, std::size_t part, std::size_t parts) noexcept {
  const std::size_t grain = range.words() < kFewLines * kLineWords * parts ? 1 : kLineWords;
  const std::size_t lines = (range.words() + grain - 1) / grain;
  const auto begin_of = [&](std::size_t k) {
    const std::size_t line = lines / parts * k + std::min(k, lines % parts);
    return range.begin + std::min(range.words(), line * grain);
  };
  return {begin_of(part), begin_of(part + 1)};
}

WordRange SumPlan::slice(std::size_t k) const noexcept {
  const std::size_t length = slice_words();
  return {std::min(words, k * length), std::min(words, (k + 1) * length)};
}

SumShape SumShape::flat(int ranks) {
  SumShape shape;
  for (int rank = 0; rank < ranks; ++rank) shape.site_of_rank.push_back(rank);
  shape.node_of_rank = shape.site_of_rank;
  return shape;
}

SumPlan plan_sum(const SumShape& shape, int rank, std::size_t words) {
  CROSSILO_ASSERT(shape.site_of_rank.size() == shape.ranks() && static_cast<std::size_t>(rank) < shape.ranks());
  SumPlan plan{.words = words};
  std::vector<Ownership> sites;
  for (const std::vector<int>& site : groups_of(all_ranks(shape), shape.site_of_rank)) {
    std::vector<Ownership> nodes;
    for (const std::vector<int>& node : groups_of(site, shape.node_of_rank)) {
      nodes.push_back(own_slices(node, words));
      const auto found = std::ranges::find(node, rank);
      if (found == node.end()) continue;
      plan.node = node;
      plan.member = static_cast<std::size_t>(found - node.begin());
    }
    Merged merged = merge(nodes);
    if (std::ranges::find(site, rank) != site.end()) plan.levels[0] = cells_of(rank, merged.cells);
    sites.push_back(std::move(merged.owned));
  }
  plan.levels[1] = cells_of(rank, merge(sites).cells);
  return plan;
}

std::size_t parts_of(const SumShape& shape) {
  std::size_t parts = 1;
  const auto sites = groups_of(all_ranks(shape), shape.site_of_rank);
  for (const std::vector<int>& site : sites) {
    const auto nodes = groups_of(site, shape.node_of_rank);
    std::size_t node_ranks = 0;
    for (const std::vector<int>& node : nodes) node_ranks = std::max(node_ranks, node.size());
    parts = std::max(parts, node_ranks * nodes.size());
  }
  return parts * sites.size();
}

}  // namespace crossilo
