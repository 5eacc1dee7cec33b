// Aim: each way of saying where sites are places every rank, or names the ranks that it does not place, alike on all.
// Method: made-up hosts and environments; files in a temporary folder; LocalCommunicator for what ranks agree on.
#include "crossilo/round/sites.hpp"

#include <gtest/gtest.h>

#include <map>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo::test {
namespace {

using Variables = std::map<std::string, std::string>;

RankFacts facts_of(const std::string& host, std::vector<std::string> silos = {"va"}, const Variables& variables = {}) {
  return {.host = host, .silos = std::move(silos), .environment = [variables](const char* name) {
            const auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
          }};
}

TEST(Sites, AreReadFromHostLists) {
  const std::vector<SiteMembers> sites = parse_sites(" north:n[1-2] , n7;south : s1");
  EXPECT_EQ(text_of(sites), "north: n[1-2] , n7; south: s1");
  EXPECT_EQ(text_of(parse_sites(text_of(sites))), text_of(sites));
  const SiteRule rule{.sites_from = "hosts", .sites = sites, .source = "topology.hosts"};
  EXPECT_EQ(claim_site(rule, facts_of("n2")).site, "north");
  EXPECT_EQ(claim_site(rule, facts_of("n7.example.org")).site, "north");
  EXPECT_EQ(claim_site(rule, facts_of("s1")).site, "south");
  const SiteClaim none = claim_site(rule, facts_of("n3", {"s1"}));
  EXPECT_EQ(none.fault, "topology.hosts names no site for host n3") << "a silo is no host";
}

TEST(Sites, AWrongHostListIsRefusedByPart) {
  const auto said = [](const char* text) { return error_text<ConfigError>([&] { (void)parse_sites(text); }); };
  EXPECT_EQ(said("north n1"), "\"north n1\" has no colon between a site and its hosts");
  EXPECT_EQ(said("north: n1;"), "\"\" has no colon between a site and its hosts");
  EXPECT_EQ(said("North: n1"),
            "site \"North\" has a capital letter; a-z, 0-9, _ and -, at most 64 characters are allowed");
  EXPECT_EQ(said("a: n1; a: n2"), "site a is named twice");
  EXPECT_EQ(said("a: n[1-3]; b: n2"), "n2 is named at site a and at site b");
  EXPECT_EQ(said("a: n1, n1"), "n1 is named twice at site a");
  EXPECT_EQ(said("a: n[1"), "\"n[1\" has no ] to its [");
  EXPECT_EQ(said("a: n[1-60000]; b: m[1-60000]"), "all sites together name more than 100000 hosts");
  EXPECT_EQ(said("a:"), "\"\" is empty");
}

TEST(Sites, AreReadFromAFileByHostOrSilo) {
  const TemporaryFolder folder;
  const std::string path = folder.write("sites.txt", "# who is where\nn[1-2], m1 north\n\n  va \tsouth # far away\r\n");
  const SiteRule rule{.sites_from = "file", .sites = read_sites_file(path), .source = "sites.txt"};
  EXPECT_EQ(claim_site(rule, facts_of("m1", {"b"})).site, "north");
  EXPECT_EQ(claim_site(rule, facts_of("x9", {"va"})).site, "south");
  EXPECT_EQ(claim_site(rule, facts_of("n1", {"va"})).fault,
            "sites.txt names several sites for host n1 and silo va: north, south");
  EXPECT_EQ(claim_site(rule, facts_of("x9", {"a", "b"})).fault, "sites.txt names no site for host x9 and silo a, b");
}

TEST(Sites, AWrongFileIsRefusedByLine) {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& text) {
    const std::string path = folder.write("sites.txt", text);
    const std::string refusal = error_text<ConfigError>([&] { (void)read_sites_file(path); });
    return refusal.starts_with(path) ? refusal.substr(path.size()) : refusal;
  };
  EXPECT_EQ(said("n1 north\nn2\n"), ":2: \"n2\": a host or a silo, a blank and its site are wanted");
  EXPECT_EQ(said("n1 north\nn1 south\n"), ":2: n1 is named at site north and at site south");
  EXPECT_EQ(said("n1 north\nn1 north\n"), ":2: n1 is named twice at site north");
  EXPECT_EQ(said("n1 a,b\n"),
            ":1: site \"a,b\" has the character \",\"; a-z, 0-9, _ and -, at most 64 characters are allowed");
  EXPECT_EQ(said("n[1- north\n"), ":1: \"n[1-\" has no ] to its [");
  EXPECT_EQ(said("# nothing\n"), ": names no site; one \"HOST-OR-SILO SITE\" a line is wanted");
  EXPECT_HAS(error_text<ConfigError>([&] { (void)read_sites_file(folder.path("none")); }),
             "cannot be read: No such file");
}

TEST(Sites, AreTheGroupsOfAHeterogeneousJobAndNotItsPartitions) {
  const SiteRule rule{.sites_from = "het"};
  Variables job{{"SLURM_HET_SIZE", "2"},
                {"SLURM_JOB_PARTITION", "sitea"},
                {"SLURM_JOB_NODELIST_HET_GROUP_0", "a[1-2]"},
                {"SLURM_JOB_NODELIST_HET_GROUP_1", "b[01-02]"}};
  EXPECT_EQ(claim_site(rule, facts_of("a2", {}, job)).site, "group0");
  EXPECT_EQ(claim_site(rule, facts_of("b02", {}, job)).site, "group1");
  EXPECT_EQ(claim_site(rule, facts_of("b2", {"va"}, job)).fault,
            "the node lists of the Slurm job (SLURM_JOB_NODELIST_HET_GROUP_…) names no site for host b2");
  job["SLURM_JOB_NODELIST_HET_GROUP_1"] = "a2";
  EXPECT_NE(claim_site(rule, facts_of("a2", {}, job)).fault.find("several sites for host a2: group0, group1"),
            std::string::npos);
  job["SLURM_JOB_NODELIST_HET_GROUP_1"] = "b[1-";
  EXPECT_EQ(claim_site(rule, facts_of("a1", {}, job)).fault,
            "SLURM_JOB_NODELIST_HET_GROUP_1 = b[1-: \"b[1-\" has no ] to its [");
  job.erase("SLURM_JOB_NODELIST_HET_GROUP_1");
  EXPECT_EQ(claim_site(rule, facts_of("a1", {}, job)).fault,
            "SLURM_JOB_NODELIST_HET_GROUP_1 is not set, though SLURM_HET_SIZE is 2");
  EXPECT_NE(claim_site(rule, facts_of("a1")).fault.find("SLURM_HET_SIZE is not set"), std::string::npos);
}

TEST(Sites, AreReadFromTheEnvironment) {
  const SiteRule rule{.sites_from = "env"};
  EXPECT_EQ(claim_site(rule, facts_of("n1", {}, {{"CROSSILO_SITE", "north"}})).site, "north");
  EXPECT_EQ(claim_site(rule, facts_of("n1", {}, {{"CROSSILO_SITE", "North"}})).fault,
            "CROSSILO_SITE = \"North\" has a capital letter; a-z, 0-9, _ and -, at most 64 characters are allowed");
  for (const Variables& variables : {Variables{}, Variables{{"CROSSILO_SITE", ""}}})
    EXPECT_EQ(claim_site(rule, facts_of("n1", {}, variables)).fault,
              "CROSSILO_SITE is not set: topology.sites_from = env wants the site's name in it");
}

TEST(Sites, WithoutARuleAllAreAtOne) {
  EXPECT_EQ(claim_site({}, facts_of("n1")).fault, "");
  EXPECT_EQ(claim_site({}, facts_of("n1")).site, claim_site({}, facts_of("n2")).site);
  EXPECT_EQ(claim_site({.sites_from = "file", .fault = "no such file"}, facts_of("n1")).fault, "no such file");
}

const std::vector<std::string> kSilos = {"a", "b", "c"};
const Deadline kDeadline{.seconds = 5.0, .step = "start-up"};

/// What ranks with these claims agree on, seen by each; a refusal is seen by all of them.
std::string agreed_on(const std::vector<SiteClaim>& claims) {
  std::vector<std::string> seen(claims.size());
  run_local_ranks({.size = static_cast<int>(claims.size()), .seed = 1}, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    Hosting hosting = agree_on_hosting(communicator, kSilos, "", kDeadline);
    for (std::string& host : hosting.host_of_rank) host = "n4";
    try {
      const Topology topology = agree_on_topology(communicator, hosting, kSilos, claims[rank], kDeadline);
      for (int peer = 0; peer < topology.ranks(); ++peer)
        seen[rank] += topology.place(peer).site + " " + communicator.peer_name(peer) + "\n";
    } catch (const EnvironmentError& error) {
      seen[rank] = error.what();
    }
  });
  for (const std::string& one : seen) EXPECT_EQ(one, seen.front());
  return seen.front();
}

TEST(Sites, OfAllRanksAreAgreedOnAndNamed) {
  EXPECT_EQ(agreed_on({{.site = "north"}, {.site = "south"}, {.site = "north"}}),
            "north silo a (rank 0, host n4, site north)\nsouth silo b (rank 1, host n4, site south)\n"
            "north silo c (rank 2, host n4, site north)\n");
  EXPECT_EQ(agreed_on({{.site = "all"}, {.site = "all"}, {.site = "all"}}).find("site"), std::string::npos)
      << "one site needs no name";
}

TEST(Sites, ARankWithoutOneIsRefusedByAll) {
  const std::string said =
      agreed_on({{.site = "north"}, {.site = "", .fault = "CROSSILO_SITE is not set"}, {.site = "N"}});
  EXPECT_NE(said.find("silo b (rank 1, host "), std::string::npos) << said;
  EXPECT_NE(said.find("): CROSSILO_SITE is not set; silo c (rank 2, host "), std::string::npos) << said;
  EXPECT_NE(said.find("): it says site \"N\", which is no name; nothing was started"), std::string::npos) << said;
}

TEST(Sites, AreShownAsATree) {
  std::vector<RankPlace> places{{.host = "s1", .site = "south", .gpus = 1}};
  for (const char* host : {"n1", "n1", "n2", "n2", "n2", "n2"}) places.push_back({.host = host, .site = "north"});
  places.back().gpus = 1;
  const std::vector<std::string> silos = {"a", "b", "c", "d", "e", "f", "g"};
  EXPECT_EQ(topology_lines(Topology(places), silos),
            (std::vector<std::string>{"site south", "  host s1   rank 0: silo a   1 GPU", "site north",
                                      "  host n1   rank 1: silo b, rank 2: silo c   CPU",
                                      "  host n2   ranks 3-6: silo d … silo g   1 GPU, others on the CPU"}));
}

TEST(Sites, WhatTheRanksComputeOnIsSaidInAWord) {
  const auto said = [](const std::vector<int>& gpus) {
    std::vector<RankPlace> places;
    for (const int count : gpus) places.push_back({.host = "n1", .site = "all", .gpus = count});
    return device_text(Topology(places));
  };
  EXPECT_EQ(said({0, 0, 0}), "CPU");
  EXPECT_EQ(said({1, 0, 1}), "2 of 3 ranks on a GPU");
  EXPECT_EQ(said({1, 1}), "GPU");
}

TEST(Sites, WhoWantsNcclAlwaysNeedsAGpuForEachRank) {
  const Topology topology(
      {{.host = "n1", .site = "north", .gpus = 1}, {.host = "n1", .site = "north"}, {.host = "s1", .site = "south"}});
  EXPECT_TRUE(sums_on_gpus(topology, "auto"));
  EXPECT_FALSE(sums_on_gpus(topology, "memory"));
  try {
    (void)sums_on_gpus(topology, "nccl");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const EnvironmentError& error) {
    EXPECT_STREQ(error.what(),
                 "topology.sum_on = nccl, but in site north 1 of 2 ranks have a GPU, and NCCL wants one for each: "
                 "run.device = cuda says what is missing; topology.sum_on = auto sums in memory there");
  }
  EXPECT_TRUE(sums_on_gpus(Topology({{.host = "n1", .site = "north", .gpus = 1},
                                     {.host = "n1", .site = "north", .gpus = 1},
                                     {.host = "s1", .site = "south"}}),
                           "nccl"))
      << "a site of one has nothing to sum";
}

TEST(Sites, ATreeOfOneHostIsALineAndOfManyNotAll) {
  EXPECT_EQ(
      topology_lines(Topology({{.host = "n1", .site = "all", .gpus = 1}, {.host = "n1", .site = "all"}}), {"a", "b"}),
      (std::vector<std::string>{"site all, host n1   rank 0: silo a, rank 1: silo b   1 GPU, others on the CPU"}));
  std::vector<RankPlace> places;
  std::vector<std::string> silos;
  for (int host = 0; host < 18; ++host) {
    places.push_back({.host = "n" + std::to_string(host), .site = "all"});
    silos.push_back("s" + std::to_string(host));
  }
  const std::vector<std::string> lines = topology_lines(Topology(places), silos);
  EXPECT_EQ(lines.size(), 18u);
  EXPECT_EQ(lines.front(), "site all");
  EXPECT_EQ(lines[1], "  host n0   rank 0: silo s0   CPU");
  EXPECT_EQ(lines.back(), "  and 2 more hosts, all of them in the log");
}

}  // namespace
}  // namespace crossilo::test
