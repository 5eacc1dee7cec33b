// Aim: when hosts of a batch job are gone, silos move within their group, those without a place are named, and the
// command starts just the others. Method: made-up jobs of one and of two groups.
#include "crossilo/launch/placement.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

using Names = std::vector<std::string>;
const Names kSilos = {"a", "b", "c", "d"};
const HostOfSilo kTwoSites = {{"a", "a1"}, {"b", "a2"}, {"c", "b1"}, {"d", "b2"}};
const HostOfSilo kTwoHosts = {{"a", "n1"}, {"b", "n1"}, {"c", "n2"}, {"d", "n2"}};

TEST(Placement, ReadsTheGroups) {
  const std::vector<HostGroup> groups = {{{"a1", 1}, {"a2", 12}}, {{"b1", 0}}};
  EXPECT_EQ(parse_host_groups("a1:1,a2:12;b1:0"), groups);
  EXPECT_TRUE(parse_host_groups("").empty());
  for (const char* text : {"a1", "a1:", ":2", "a1:x", "a1:-1", "a1:1,", "a1:1;;b1:1", "a1:1 "})
    EXPECT_THROW((void)parse_host_groups(text), ConfigError) << text;
}

TEST(Placement, SilosMoveWhereTheirGroupHasRoom) {
  const auto groups = parse_host_groups("a1:1,a2:1;b1:2,b2:0");
  EXPECT_EQ(displaced_silos(groups, kSilos, kTwoSites), Names{});
  EXPECT_EQ(places_of(groups, kSilos, kTwoSites), (std::vector<Names>{{"a1", "a2"}, {"b1", "b1"}}));
  const auto hosts = parse_host_groups("n1:4,n2:4,n3:0");
  EXPECT_EQ(places_of(hosts, kSilos, {{"a", "n1"}, {"b", "n2"}, {"c", "n3"}, {"d", "n3"}}),
            (std::vector<Names>{{"n1", "n2", "n1", "n2"}}));
  EXPECT_EQ(places_of(hosts, kSilos, {{"a", "n1"}, {"b", "n3"}, {"c", "n1"}, {"d", "n1"}}),
            (std::vector<Names>{{"n1", "n2", "n1", "n1"}}))
      << "who can stay does";
  EXPECT_EQ(
      places_of(parse_host_groups("n1:1,n2:0,n3:2"), kSilos, {{"a", "n1"}, {"b", "n1"}, {"c", "n2"}, {"d", "n3"}}),
      (std::vector<Names>{{"n1", "n1", "n3", "n3"}}))
      << "crowded as before";
}

TEST(Placement, SilosOfAGoneHostHaveNoPlaceWhereTheirGroupHasNoRoom) {
  const auto groups = parse_host_groups("a1:3,a2:3;b1:1,b2:0");
  EXPECT_EQ(displaced_silos(groups, kSilos, kTwoSites), Names{"d"}) << "the other group's room is not for them";
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:2,n2:0"), kSilos, kTwoHosts), (Names{"c", "d"}));
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:3,n2:0"), kSilos, kTwoHosts), Names{"d"}) << "as few as can be";
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:0,n2:2"), kSilos, kTwoHosts), (Names{"a", "b"}));
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:1,n2:1"), kSilos, kTwoHosts), Names{}) << "crowded, but there";
}

TEST(Placement, SilosOfUnknownHostsFillWhatIsLeft) {
  const auto groups = parse_host_groups("n1:4,n2:0");
  EXPECT_EQ(displaced_silos(groups, kSilos, {}), Names{});
  EXPECT_EQ(places_of(groups, kSilos, {}), (std::vector<Names>{{"n1", "n1", "n1", "n1"}}));
  EXPECT_EQ(places_of(groups, kSilos, {{"a", "n1"}, {"c", "n2"}}).front().size(), 4U) << "two of four were heard of";
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:2,n2:0"), kSilos, {}), (Names{"c", "d"}));
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:2,n2:0"), kSilos, {{"d", "n2"}}), (Names{"b", "c"}));
  EXPECT_EQ(places_of(parse_host_groups("n1:1,n2:1"), kSilos, {}), (std::vector<Names>{{"n1", "n2", "n1", "n2"}}))
      << "crowded, but nobody is gone";
  const auto two = parse_host_groups("a1:1,a2:0;b1:9");
  EXPECT_EQ(places_of(two, {"a", "b", "c"}, {}), (std::vector<Names>{{"a1"}, {"b1", "b1"}}));
  EXPECT_EQ(places_of(parse_host_groups("a1:9,a2:0;b1:9"), kSilos, {{"b", "b1"}, {"d", "b1"}}),
            (std::vector<Names>{{"a1"}, {"b1", "b1", "b1"}}))
      << "ranks lie in the order of groups";
  EXPECT_EQ(displaced_silos(two, kSilos, {{"c", "a1"}}), (Names{"a", "b"}))
      << "those in front are not of a later group";
  EXPECT_EQ(displaced_silos(two, kSilos, {{"a", "b1"}, {"d", "a1"}}), Names{}) << "each rank says which silo it is";
}

TEST(Placement, SilosOfUnknownHostsStayInTheGroupThatSlurmGaveThem) {
  const GroupOfSilo first = groups_of_silos(kSilos, {"1,1", "1(x2)"});
  EXPECT_EQ(first, (GroupOfSilo{{"a", 0}, {"b", 0}, {"c", 1}, {"d", 1}}));
  EXPECT_EQ(groups_of_silos(kSilos, {"3", "1"}).at("c"), 0U);
  for (const Names& tasks : {Names{"2", "1"}, Names{"2", "3"}, Names{"2", "x"}, Names{"2", ""}, Names{}})
    EXPECT_EQ(groups_of_silos(kSilos, tasks), GroupOfSilo{}) << "not a rank a silo";
  EXPECT_EQ(places_of(parse_host_groups("a1:9,a2:9;b1:9,b2:0"), kSilos, {}, first),
            (std::vector<Names>{{"a1", "a1"}, {"b1", "b1"}}));
  EXPECT_EQ(displaced_silos(parse_host_groups("a1:9,a2:9;b1:1,b2:0"), kSilos, {}, first), Names{"d"});
  EXPECT_EQ(displaced_silos(parse_host_groups("a1:9,a2:9;b1:0,b2:0"), kSilos, {}, first), (Names{"c", "d"}));
}

TEST(Placement, HostsAreTheSameWithAndWithoutTheirDomain) {
  const HostOfSilo hosts = {{"a", "n1.cluster.edu"}, {"b", "n1.cluster.edu"}, {"c", "n2"}, {"d", "n2"}};
  EXPECT_EQ(displaced_silos(parse_host_groups("n1:2,n2.cluster.edu:0"), kSilos, hosts), (Names{"c", "d"}));
  EXPECT_EQ(places_of(parse_host_groups("n1:2,n2.cluster.edu:2,n3:0"), kSilos, hosts),
            (std::vector<Names>{{"n1", "n1", "n2.cluster.edu", "n2.cluster.edu"}}))
      << "as the job calls them";
}

TEST(Placement, SilosStayAtTheSiteOfTheirHosts) {
  auto groups = parse_host_groups("a1:4,a2:0,b1:4,b2:0");
  set_sites(groups, {.sites_from = "hosts", .sites = parse_sites("a: a[1-2], c; b: b1.cluster.edu, b2")}, kTwoSites);
  EXPECT_EQ(displaced_silos(groups, kSilos, kTwoSites), Names{});
  const auto places = places_of(groups, kSilos, kTwoSites);
  EXPECT_EQ(places, (std::vector<Names>{{"a1", "a1", "b1", "b1"}}));
  EXPECT_EQ(places_of(groups, kSilos, {{"a", "a2"}, {"b", "b2"}, {"c", "a1"}, {"d", "b1"}}),
            (std::vector<Names>{{"a1", "b1", "a1", "b1"}}))
      << "ranks keep the order of silos";
  groups.front()[2].slots = 1;
  EXPECT_EQ(displaced_silos(groups, kSilos, kTwoSites), Names{"d"}) << "the room is at the other site";
  groups.front()[0].slots = 0;
  EXPECT_EQ(displaced_silos(groups, kSilos, kTwoSites), (Names{"a", "b", "d"}));
  EXPECT_EQ(places_of(groups, {"c"}, kTwoSites), (std::vector<Names>{{"b1"}}));
}

TEST(Placement, AHostIsAtTheSiteOfItsSilos) {
  const SiteRule rule{.sites_from = "file",
                      .sites = parse_sites_file("a north\nb north\nc south\nd south\nn6 south\n", "sites")};
  const HostOfSilo hosts = {{"a", "n1"}, {"b", "n2.cluster.edu"}, {"c", "n3"}, {"d", "n4"}};
  auto groups = parse_host_groups("n1:9,n2:0,n3:1,n4:0,n5:9,n6:1");
  set_sites(groups, rule, hosts);
  EXPECT_EQ(displaced_silos(groups, kSilos, hosts), Names{});
  EXPECT_EQ(places_of(groups, kSilos, hosts), (std::vector<Names>{{"n1", "n1", "n3", "n6"}}));
  groups.front()[5].slots = 0;
  EXPECT_EQ(displaced_silos(groups, kSilos, hosts), Names{"d"}) << "nobody says where n5 is";

  auto mixed = parse_host_groups("n1:9,n2:0,n3:9");
  const HostOfSilo on_mixed = {{"a", "n1"}, {"b", "n2"}, {"c", "n2"}, {"d", "n3"}};
  set_sites(mixed, rule, on_mixed);
  EXPECT_EQ(displaced_silos(mixed, kSilos, on_mixed), (Names{"b", "c"})) << "of two sites on one host";
}

TEST(Placement, SilosStayWhereTheyAreUnlessTheirSiteIsKnown) {
  for (const SiteRule& rule :
       {SiteRule{.sites_from = "env"}, SiteRule{.sites_from = "file", .fault = "no such file"}}) {
    auto groups = parse_host_groups("n1:9,n2:0");
    set_sites(groups, rule, kTwoHosts);
    EXPECT_EQ(displaced_silos(groups, kSilos, kTwoHosts), (Names{"c", "d"}));
    EXPECT_EQ(places_of(groups, {"a", "b"}, kTwoHosts), (std::vector<Names>{{"n1", "n1"}}));
    EXPECT_EQ(displaced_silos(groups, kSilos, {}), kSilos) << "nobody knows where they were";
    groups.front().pop_back();
    EXPECT_EQ(displaced_silos(groups, kSilos, {}), Names{}) << "no host is gone";
  }
  auto env = parse_host_groups("n1:9,n2:0,n3:9");
  set_sites(env, {.sites_from = "env"}, kTwoHosts, {{"n1.cluster.edu", "x"}, {"n2", "x"}});
  EXPECT_EQ(places_of(env, kSilos, kTwoHosts), (std::vector<Names>{{"n1", "n1", "n1", "n1"}})) << "not on n3";
  for (const char* sites_from : {"one", "het"}) {
    auto groups = parse_host_groups("n1:9,n2:0");
    set_sites(groups, {.sites_from = sites_from}, kTwoHosts);
    EXPECT_EQ(displaced_silos(groups, kSilos, kTwoHosts), Names{}) << "a group is a site";
  }
}

TEST(Placement, OneCommandForEachGroupUnderSrun) {
  const LaunchCommand command{.launcher = {"srun", "--mpi=pmix", "--het-group=0,1", "--ntasks=4"},
                              .program = {"crossilo", "train", "x.ini"}};
  EXPECT_EQ(placed_command(command, places_of(parse_host_groups("a1:1,a2:1;b1:1,b2:0"), {"a", "b", "c"}, kTwoSites)),
            (Names{"srun",
                   "--mpi=pmix",
                   "--het-group=0",
                   "--nodes=2",
                   "--ntasks=2",
                   "--distribution=arbitrary",
                   "--nodelist=a1,a2",
                   "crossilo",
                   "train",
                   "x.ini",
                   ":",
                   "--mpi=pmix",
                   "--het-group=1",
                   "--nodes=1",
                   "--ntasks=1",
                   "--distribution=arbitrary",
                   "--nodelist=b1",
                   "crossilo",
                   "train",
                   "x.ini"}));
  EXPECT_EQ(placed_command(command, places_of(parse_host_groups("a1:0,a2:0;b1:2,b2:2"), {"c", "d"}, kTwoSites)),
            (Names{"srun", "--mpi=pmix", "--het-group=1", "--nodes=2", "--ntasks=2", "--distribution=arbitrary",
                   "--nodelist=b1,b2", "crossilo", "train", "x.ini"}))
      << "a whole group is gone";
}

TEST(Placement, AListOfHostsUnderMpirun) {
  const LaunchCommand command{
      .launcher = {"/usr/bin/mpirun", "--bind-to", "none", "-np", "4", "--host", "a1:1,a2:1", "--mca", "x", "y"},
      .program = {"crossilo", "train", "x.ini"}};
  EXPECT_EQ(placed_command(command, places_of(parse_host_groups("n1:3,n2:0"), {"a", "b", "c"}, kTwoHosts)),
            (Names{"/usr/bin/mpirun", "--bind-to", "none", "--mca", "x", "y", "--oversubscribe", "--map-by", "seq",
                   "-np", "3", "--host", "n1,n1,n1", "crossilo", "train", "x.ini"}));
}

}  // namespace
}  // namespace crossilo
