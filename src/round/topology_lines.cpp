// The tree of sites, hosts, ranks, silos and GPUs that is shown before the first round.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "crossilo/base/error.hpp"
#include "crossilo/round/sites.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kRanksNamedMax = 3;   // on one host
constexpr std::size_t kHostsShownMax = 16;  // of one site

/// "0-3, 8"
std::string ranges(std::span<const int> ranks) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    for (end = begin + 1; end < ranks.size() && ranks[end] == ranks[end - 1] + 1;) ++end;
    parts.push_back(end - begin == 1 ? fmt::format("{}", ranks[begin])
                                     : fmt::format("{}-{}", ranks[begin], ranks[end - 1]));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

int gpus_of(const Topology& topology, std::span<const int> ranks) {
  int gpus = 0;
  for (const int rank : ranks) gpus += topology.place(rank).gpus;
  return gpus;
}

/// "host n1   rank 0: silo a, rank 1: silo b   2 GPUs"
std::string host_line(const Topology& topology, std::span<const int> ranks,
                      const std::vector<std::string>& rank_silos) {
  const auto silos = [&](int rank) { return rank_silos.at(static_cast<std::size_t>(rank)); };
  std::vector<std::string> parts;
  for (const int rank : ranks) parts.push_back(fmt::format("rank {}: silo {}", rank, silos(rank)));
  if (ranks.size() > kRanksNamedMax)
    parts = {fmt::format("ranks {}: silo {} … silo {}", ranges(ranks), silos(ranks.front()), silos(ranks.back()))};
  const int gpus = gpus_of(topology, ranks);
  std::string devices = gpus == 0 ? "CPU" : fmt::format("{} GPU{}", gpus, gpus == 1 ? "" : "s");
  if (gpus > 0 && gpus < std::ssize(ranks)) devices += ", others on the CPU";
  return fmt::format("host {}   {}   {}", topology.place(ranks.front()).host, fmt::join(parts, ", "), devices);
}

}  // namespace

std::string device_text(const Topology& topology) {
  std::vector<int> all(static_cast<std::size_t>(topology.ranks()));
  std::iota(all.begin(), all.end(), 0);
  const int gpus = gpus_of(topology, all);
  if (gpus == 0) return "CPU";
  return gpus == topology.ranks() ? "GPU" : fmt::format("{} of {} ranks on a GPU", gpus, topology.ranks());
}

bool sums_on_gpus(const Topology& topology, const std::string& sum_on) {
  for (std::size_t site = 0; sum_on == "nccl" && site < topology.sites(); ++site) {
    const std::span<const int> ranks = topology.ranks_of_site({static_cast<std::uint32_t>(site)});
    if (const int gpus = gpus_of(topology, ranks); ranks.size() > 1 && gpus < std::ssize(ranks))
      throw EnvironmentError(
          fmt::format("topology.sum_on = nccl, but in site {} {} of {} ranks have a GPU, and NCCL wants one for each: "
                      "run.device = cuda says what is missing; topology.sum_on = auto sums in memory there",
                      topology.site_names()[site], gpus, ranks.size()));
  }
  return sum_on != "memory";
}

std::vector<std::string> topology_lines(const Topology& topology, const std::vector<std::string>& rank_silos) {
  const auto site_name = [&](std::size_t site) { return "site " + topology.site_names()[site]; };
  if (topology.nodes() == 1) return {site_name(0) + ", " + host_line(topology, topology.ranks_of_node(0), rank_silos)};
  std::vector<std::string> lines;
  for (std::size_t site = 0; site < topology.sites(); ++site) {
    lines.push_back(site_name(site));
    std::vector<std::size_t> nodes;  // in the order of their first ranks
    for (const int rank : topology.ranks_of_site({static_cast<std::uint32_t>(site)}))
      if (std::ranges::count(nodes, topology.node_of(rank)) == 0) nodes.push_back(topology.node_of(rank));
    for (std::size_t i = 0; i < std::min(nodes.size(), kHostsShownMax); ++i)
      lines.push_back("  " + host_line(topology, topology.ranks_of_node(nodes[i]), rank_silos));
    if (nodes.size() > kHostsShownMax)
      lines.push_back(fmt::format("  and {} more hosts, all of them in the log", nodes.size() - kHostsShownMax));
  }
  return lines;
}

}  // namespace crossilo
