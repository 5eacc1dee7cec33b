#include "crossilo/round/cost_model.hpp"

#include <algorithm>
#include <numeric>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

// Of 1538 bytes of a full Ethernet frame 1448 are payload of TCP.
constexpr double kPayloadShare = 1448.0 / 1538.0;
// The kernel doubles what a socket asks for, and about two thirds of it hold payload (5.6 MB of 4 MiB; measured).
constexpr double kInFlightShare = 4.0 / 3.0;

double most(const std::vector<std::uint64_t>& bytes) {
  return bytes.empty() ? 0.0 : static_cast<double>(*std::ranges::max_element(bytes));
}

/// Ranks of the fullest node, and how many of them share its fullest core: no rank is on two cores, and all wait for
/// the slowest.
struct FullestNode {
  std::size_t ranks = 0;
  double ranks_per_core = 1.0;
};

FullestNode fullest_node(const RoundCase& planned) {
  FullestNode node;
  for (const std::size_t silos : planned.silos_of_site)
    node.ranks = std::max(node.ranks, (silos + planned.nodes_per_site - 1) / planned.nodes_per_site);
  if (planned.cores_per_node > 0) {
    const std::size_t on_fullest_core = (node.ranks + planned.cores_per_node - 1) / planned.cores_per_node;
    node.ranks_per_core = static_cast<double>(on_fullest_core);
  }
  return node;
}

/// Into the window and out of it, own slices added, and each chunk waits for each neighbour.
double node_seconds(const MachineRates& rates, double bytes, std::uint64_t chunks, const FullestNode& node) {
  const auto ranks = static_cast<double>(node.ranks);
  const double one = 2.0 * bytes / rates.window + bytes * (ranks - 1.0) / ranks / rates.add +
                     static_cast<double>(chunks) * (ranks - 1.0) * rates.handover_seconds;
  return node.ranks_per_core * one;
}

/// One connection joins each pair of ranks; its buffer passes once a round trip.
void add_sites(const RoundCase& planned, RoundCost& cost) {
  if (planned.silos_of_site.size() < 2) return;
  const SumTraffic& traffic = cost.traffic;
  const double goodput = planned.uplink_bits / 8.0 * kPayloadShare;
  const double link = std::max(most(traffic.sent_of_site), most(traffic.received_of_site)) / goodput;
  const double pair = static_cast<double>(traffic.pair_bytes_max) * planned.round_trip_seconds /
                      (planned.socket_bytes * kInFlightShare);
  cost.wire = std::max(link, pair);
  cost.sites = cost.wire + planned.round_trip_seconds;
  cost.wire_bound = pair > link ? CostBound::socket_buffer : CostBound::uplink;
}

/// Of what the total has the sum of, the longest.
CostBound binding_of(const RoundCost& cost) {
  struct Candidate {
    double seconds;
    CostBound bound;
  };
  // Of equal ones the first: with nothing to do between sites, it is not the link that binds.
  const double work = cost.on_cores - cost.node;
  const Candidate candidates[] = {{cost.train, CostBound::training},
                                  {cost.on_cores, work < cost.node ? CostBound::node_memory : CostBound::cores},
                                  {cost.nodes, CostBound::lan},
                                  {cost.wire, cost.wire_bound},
                                  {cost.sites - cost.wire, CostBound::latency}};
  return std::ranges::max_element(candidates, {}, &Candidate::seconds)->bound;
}

}  // namespace

MachineRates measured_rates(unsigned lane_bits) {
  MachineRates rates;
  if (lane_bits == 16) rates.encode = 3.7e9, rates.decode = 11.7e9;
  if (lane_bits == 8) rates.encode = 2.3e9, rates.decode = 8.0e9;
  return rates;
}

double RoundCost::sum() const noexcept { return std::max({node, nodes, wire}) + (sites - wire); }

SumShape planned_shape(const RoundCase& planned) {
  SumShape shape;
  for (std::size_t site = 0; site < planned.silos_of_site.size(); ++site) {
    const std::size_t silos = planned.silos_of_site[site];
    const std::size_t nodes = std::min(silos, planned.nodes_per_site);
    for (std::size_t silo = 0; silo < silos; ++silo) {
      shape.site_of_rank.push_back(static_cast<int>(site));
      shape.node_of_rank.push_back(static_cast<int>(site * planned.nodes_per_site + silo * nodes / silos));
    }
  }
  return shape;
}

RoundCost predict_round(const RoundCase& planned) {
  const auto silos = std::accumulate(planned.silos_of_site.begin(), planned.silos_of_site.end(), std::size_t{0});
  CROSSILO_ASSERT(silos > 0 && planned.parameters > 0 && planned.nodes_per_site > 0);
  const MachineRates& rates = planned.rates;
  const FullestNode node = fullest_node(planned);
  CROSSILO_ASSERT(planned.buffers <= planned.parameters);
  const std::uint64_t lanes = 32 / planned.lane_bits;
  const std::uint64_t weights = planned.parameters - planned.buffers;
  RoundCost cost{.train = planned.train_seconds, .words = (weights + lanes - 1) / lanes + planned.buffers};
  cost.traffic = sum_traffic(planned_shape(planned), cost.words);
  const double model_bytes = 4.0 * static_cast<double>(planned.parameters);
  const double word_bytes = 4.0 * static_cast<double>(cost.words);
  cost.encode = node.ranks_per_core * model_bytes / rates.encode;
  if (planned.is_masked) cost.mask = node.ranks_per_core * word_bytes * static_cast<double>(silos - 1) / rates.mask;
  cost.node = node_seconds(rates, word_bytes, cost.traffic.chunks, node);
  cost.nodes = static_cast<double>(cost.traffic.node_bytes_max) / (planned.lan_bits / 8.0 * kPayloadShare);
  add_sites(planned, cost);
  cost.fingerprint = node.ranks_per_core * model_bytes / rates.fingerprint;
  const double step = node.ranks_per_core * model_bytes * (1.0 / rates.decode + 1.0 / rates.copy);
  cost.decode = step + cost.fingerprint;
  // Words are encoded and masked, and totals applied, while others are under way.
  cost.on_cores = cost.encode + cost.mask + cost.node + step;
  cost.total =
      cost.train + std::max({cost.on_cores, cost.nodes, cost.wire}) + (cost.sites - cost.wire) + cost.fingerprint;
  cost.binding = binding_of(cost);
  return cost;
}

}  // namespace crossilo
