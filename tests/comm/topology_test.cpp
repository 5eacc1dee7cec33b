// Aim: sites and nodes follow from what the ranks say of themselves, for even, uneven and interleaved sites.
// Method: made-up places.
#include "crossilo/comm/topology.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

using Ranks = std::vector<int>;

Ranks listed(std::span<const int> ranks) { return {ranks.begin(), ranks.end()}; }

TEST(Topology, NumbersSitesAndNodesInTheOrderOfTheirFirstRanks) {
  const Topology topology({{.host = "s1", .site = "south"},
                           {.host = "n1", .site = "north", .gpus = 2},
                           {.host = "s1", .site = "south"},
                           {.host = "n2", .site = "north"},
                           {.host = "n1", .site = "north", .gpus = 2}});
  EXPECT_EQ(topology.ranks(), 5);
  EXPECT_EQ(topology.site_names(), (std::vector<std::string>{"south", "north"}));
  EXPECT_EQ(topology.sites(), 2u);
  EXPECT_EQ(topology.nodes(), 3u);
  EXPECT_EQ(topology.site_of(0), SiteId{0});
  EXPECT_EQ(topology.site_of(3), SiteId{1});
  EXPECT_EQ(listed(topology.ranks_of_site({0})), (Ranks{0, 2}));
  EXPECT_EQ(listed(topology.ranks_of_site({1})), (Ranks{1, 3, 4}));
  EXPECT_EQ(topology.node_of(4), topology.node_of(1));
  EXPECT_EQ(listed(topology.ranks_of_node(topology.node_of(1))), (Ranks{1, 4}));
  EXPECT_EQ(listed(topology.ranks_of_node(topology.node_of(3))), (Ranks{3}));
  EXPECT_EQ(topology.place(1), (RankPlace{.host = "n1", .site = "north", .gpus = 2}));
}

TEST(Topology, OneSiteAndSitesOfOneRank) {
  const Topology one({{.host = "a", .site = "all"}, {.host = "b", .site = "all"}});
  EXPECT_EQ(one.sites(), 1u);
  const Topology apart({{.host = "a", .site = "x"}, {.host = "b", .site = "y"}, {.host = "c", .site = "z"}});
  EXPECT_EQ(apart.sites(), 3u);
}

TEST(Topology, ANodeNeverReachesAcrossSites) {
  const Topology topology(
      {{.host = "laptop", .site = "north"}, {.host = "laptop", .site = "south"}, {.host = "laptop", .site = "north"}});
  EXPECT_EQ(topology.nodes(), 2u);
  EXPECT_EQ(listed(topology.ranks_of_node(topology.node_of(0))), (Ranks{0, 2}));
}

}  // namespace
}  // namespace crossilo
