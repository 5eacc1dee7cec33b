// All ways in which up to 8 ranks may lie in sites, up to order, each with its sites cut into nodes in three ways.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "crossilo/comm/sum_plan.hpp"

namespace crossilo::test {

/// Appends every non-increasing list of sizes that sums to `ranks` and starts with `sizes`.
inline void append_partitions(int ranks, std::vector<int> sizes, std::vector<std::vector<int>>& out) {
  if (ranks == 0) return out.push_back(sizes);
  const int largest = sizes.empty() ? ranks : std::min(ranks, sizes.back());
  for (int size = largest; size >= 1; --size) {
    sizes.push_back(size);
    append_partitions(ranks - size, sizes, out);
    sizes.pop_back();
  }
}

/// The 66 partitions of 1 to 8 ranks into sites.
inline std::vector<std::vector<int>> all_partitions() {
  std::vector<std::vector<int>> all;
  for (int ranks = 1; ranks <= 8; ++ranks) append_partitions(ranks, {}, all);
  return all;
}

/// Sites of these sizes, in nodes of at most `node_ranks`. Ranks of a site need not follow each other.
inline SumShape shape_of(const std::vector<int>& site_sizes, int node_ranks, bool dealt_out) {
  SumShape shape;
  std::vector<int> left = site_sizes;
  std::vector<int> seen(site_sizes.size(), 0);
  for (std::size_t site = 0; std::ranges::any_of(left, [](int ranks) { return ranks > 0; });) {
    if (left[site] > 0) {
      --left[site];
      shape.site_of_rank.push_back(static_cast<int>(site));
      shape.node_of_rank.push_back(static_cast<int>(100 * site) + seen[site]++ / node_ranks);
    }
    if (dealt_out || left[site] == 0) site = (site + 1) % left.size();
  }
  return shape;
}

inline std::vector<SumShape> all_site_shapes() {
  std::vector<SumShape> shapes;
  for (const std::vector<int>& sizes : all_partitions())
    for (const int node_ranks : {8, 3, 1}) shapes.push_back(shape_of(sizes, node_ranks, node_ranks == 3));
  return shapes;
}

inline std::string describe(const SumShape& shape) {
  std::string text = "(site/node)";
  for (std::size_t rank = 0; rank < shape.ranks(); ++rank)
    text += ' ' + std::to_string(shape.site_of_rank[rank]) + '/' + std::to_string(shape.node_of_rank[rank]);
  return text;
}

}  // namespace crossilo::test
