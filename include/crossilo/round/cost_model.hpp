// Aim: what a round will take, phase by phase, by arithmetic alone: no data, no network, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "crossilo/comm/sum_traffic.hpp"

namespace crossilo {

/// Bytes a second of one core, and what a hand-over takes. Measured (docs/results.md, docs/scaling.md): one AMD EPYC.
struct MachineRates {
  double encode = 3.4e9;           // parameters read, 4 bytes each
  double mask = 7.4e9;             // keystream, of one peer
  double decode = 14.4e9;          // parameters written
  double fingerprint = 8.7e9;      // parameters
  double copy = 10e9;              // the step of the server's rule, per parameter byte
  double window = 42e9;            // words put into the node's window, or read from it
  double add = 14.5e9;             // peers' words added
  double handover_seconds = 8e-7;  // of a chunk, from one neighbour
};

/// The rates of the codec depend on the width of the lanes.
[[nodiscard]] MachineRates measured_rates(unsigned lane_bits);

/// A round to be predicted; every silo is a rank of its own.
struct RoundCase {
  std::vector<std::size_t> silos_of_site;
  std::size_t nodes_per_site = 1;
  std::size_t cores_per_node = 0;  // 0: one for each silo
  std::uint64_t parameters = 0;
  std::uint64_t buffers = 0;  // among them; each is a word, however narrow the lanes of the others
  unsigned lane_bits = 32;
  bool is_masked = true;
  double uplink_bits = 1e9;  // a second, of each site, in each direction
  double lan_bits = 10e9;    // a second, of each node, in each direction
  double round_trip_seconds = 0.02;
  double socket_bytes = 4194304;  // what net.core.rmem_max lets a connection ask for
  double train_seconds = 0.0;     // of the slowest silo; 0: not known
  MachineRates rates;
};

/// What a phase waits for.
enum class CostBound { training, cores, node_memory, lan, uplink, socket_buffer, latency };

struct RoundCost {
  double train = 0.0;
  double encode = 0.0;
  double mask = 0.0;
  double node = 0.0;         // the sum inside a node
  double nodes = 0.0;        // between the nodes of a site
  double sites = 0.0;        // between sites, with its round trip
  double decode = 0.0;       // with the server's step and the fingerprint of the model
  double wire = 0.0;         // of `sites`, without the round trip
  double fingerprint = 0.0;  // of `decode`
  double on_cores = 0.0;     // encode, mask, node, and decode without the fingerprint
  double total = 0.0;        // work of the cores, on the LAN and on the wire goes on at once
  CostBound wire_bound = CostBound::uplink;
  CostBound binding = CostBound::cores;
  SumTraffic traffic;
  std::uint64_t words = 0;

  [[nodiscard]] double sum() const noexcept;
  /// What the way across sites waits for.
  [[nodiscard]] CostBound sites_bound() const noexcept { return sites - wire > wire ? CostBound::latency : wire_bound; }
};

/// The ranks as mpirun lays them: site by site, node by node, as evenly as can be.
[[nodiscard]] SumShape planned_shape(const RoundCase& planned);

/// Deterministic. Needs at least one silo a site, one parameter, and no rate of zero.
[[nodiscard]] RoundCost predict_round(const RoundCase& planned);

}  // namespace crossilo
