#include "crossilo/comm/topology.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace crossilo {

Topology::Topology(std::vector<RankPlace> places) : places_(std::move(places)) {
  std::map<std::string, std::size_t> site_numbers;
  std::map<std::pair<std::size_t, std::string>, std::size_t> node_numbers;
  for (int rank = 0; rank < ranks(); ++rank) {
    const RankPlace& place = places_[static_cast<std::size_t>(rank)];
    const auto [site, is_new_site] = site_numbers.emplace(place.site, sites());
    if (is_new_site) {
      site_names_.push_back(place.site);
      ranks_of_site_.emplace_back();
    }
    const auto [node, is_new_node] = node_numbers.emplace(std::pair(site->second, place.host), nodes());
    if (is_new_node) ranks_of_node_.emplace_back();
    site_of_rank_.push_back({static_cast<std::uint32_t>(site->second)});
    node_of_rank_.push_back(node->second);
    ranks_of_site_[site->second].push_back(rank);
    ranks_of_node_[node->second].push_back(rank);
  }
}

}  // namespace crossilo
