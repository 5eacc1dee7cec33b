// Aim: at which site each rank stands, agreed on before anybody reads a row. Where sites come from, the settings say.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/site_list.hpp"
#include "crossilo/comm/topology.hpp"
#include "crossilo/round/hosting.hpp"

namespace crossilo {

/// Where sites come from.
struct SiteRule {
  std::string sites_from = "one";    // one | hosts | het | env | file
  std::vector<SiteMembers> sites{};  // of hosts and file
  std::string source{};              // what names them, for messages: "topology.hosts"
  std::string fault{};               // why there are none, where a file could not be read
};

/// What a rank knows of itself.
struct RankFacts {
  std::string host;
  std::vector<std::string> silos;
  std::function<const char*(const char*)> environment;
  int gpus = 0;  // that this rank computes on: 0 or 1
};

/// What a rank says of its site: a name, or why it has none.
struct SiteClaim {
  std::string site;
  std::string fault{};
  int gpus = 0;
};

/// Where the rule places this rank. With sites_from = het the sites are group0, group1, … of the Slurm job.
[[nodiscard]] SiteClaim claim_site(const SiteRule& rule, const RankFacts& facts);

/// Everybody's claim becomes the topology. Afterwards the communicator names sites, where there are several.
/// Collective. Throws: EnvironmentError, alike on all ranks, that names every rank without a site and what was
/// expected; PeerLostError.
[[nodiscard]] Topology agree_on_topology(Communicator& communicator, const Hosting& hosting,
                                         const std::vector<std::string>& silo_names, const SiteClaim& own,
                                         const Deadline& deadline);

/// Whether this start lets the GPUs of a site sum (topology.sum_on). Throws: EnvironmentError where they have to (nccl)
/// and in a site of several ranks some have none.
[[nodiscard]] bool sums_on_gpus(const Topology& topology, const std::string& sum_on);

/// What the ranks compute on: "CPU", "GPU", or "2 of 3 ranks on a GPU".
[[nodiscard]] std::string device_text(const Topology& topology);

/// The topology as a small tree, one line a site and a host; one line in all where there is one host. `rank_silos`: the
/// names of each rank's silos.
[[nodiscard]] std::vector<std::string> topology_lines(const Topology& topology,
                                                      const std::vector<std::string>& rank_silos);

}  // namespace crossilo
