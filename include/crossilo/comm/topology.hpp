// Aim: where the ranks stand: on which host, at which site. A site shares a fast interconnect; sites are far apart.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace crossilo {

/// A site's index, in the order of the first rank of each.
struct SiteId {
  std::uint32_t value = 0;
  auto operator<=>(const SiteId&) const = default;
};

/// What a rank says of where it runs.
struct RankPlace {
  std::string host;
  std::string site;
  int gpus = 0;  // that it computes on: 1, or none
  bool operator==(const RankPlace&) const = default;
};

/// The places of all ranks, the same on each of them.
///
/// Nodes lie within sites: ranks share a node when they share host and site. So one machine can play several sites, and
/// what sums on a node never reaches across a site.
class Topology {
 public:
  Topology() = default;
  /// Shapes: one place a rank, in their order.
  explicit Topology(std::vector<RankPlace> places);

  [[nodiscard]] int ranks() const noexcept { return static_cast<int>(places_.size()); }
  [[nodiscard]] std::size_t sites() const noexcept { return site_names_.size(); }
  [[nodiscard]] std::size_t nodes() const noexcept { return ranks_of_node_.size(); }

  [[nodiscard]] const RankPlace& place(int rank) const { return places_.at(static_cast<std::size_t>(rank)); }
  [[nodiscard]] SiteId site_of(int rank) const { return site_of_rank_.at(static_cast<std::size_t>(rank)); }
  /// Nodes are numbered in the order of the first rank of each.
  [[nodiscard]] std::size_t node_of(int rank) const { return node_of_rank_.at(static_cast<std::size_t>(rank)); }

  [[nodiscard]] const std::vector<std::string>& site_names() const noexcept { return site_names_; }
  /// Ascending, never empty. Alive until: the topology is.
  [[nodiscard]] std::span<const int> ranks_of_site(SiteId site) const { return ranks_of_site_.at(site.value); }
  [[nodiscard]] std::span<const int> ranks_of_node(std::size_t node) const { return ranks_of_node_.at(node); }

 private:
  std::vector<RankPlace> places_;
  std::vector<SiteId> site_of_rank_;
  std::vector<std::size_t> node_of_rank_;
  std::vector<std::string> site_names_;
  std::vector<std::vector<int>> ranks_of_site_;
  std::vector<std::vector<int>> ranks_of_node_;
};

}  // namespace crossilo
