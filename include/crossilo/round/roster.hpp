// Aim: who takes part, found once at the start: everybody shows who they are, and all refuse alike what does not fit.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "crossilo/aggregate/key_agreement.hpp"
#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/topology.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/model/payload.hpp"
#include "crossilo/round/hosting.hpp"

namespace crossilo {

/// A silo hosted by this rank, as it presents itself.
struct HostedSiloFacts {
  SiloId id;
  std::uint64_t weight = 0;  // public, as the weights rule makes it
};

/// What this rank says about itself in its hello. Hashes are compared with everybody's.
struct OwnFacts {
  std::vector<std::string> silo_names;  // of the whole federation, in roster order
  std::vector<HostedSiloFacts> hosted;  // ascending ids without a gap, at least one
  Hash256 config_hash{};                // of the settings all silos must share
  std::vector<std::pair<std::string, std::string>>
      shared_settings{};          // key and value of the same; sent where they differ
  std::vector<SiloId> missing{};  // of the federation, left out of this start; the same on all ranks
  SiloSchema schema{};            // features, classes and task: their hash is shown; sent where hashes differ
  Hash256 model_schema_hash{};    // of the parameters' names and shapes
  Topology topology{};            // as agreed on; empty: nobody asked for sites
};

/// The federation as all ranks agreed on it.
struct Roster {
  Cohort cohort;                           // all silos that are there, with their public weights
  std::vector<PublicIdentity> identities;  // one for each rank
  Hash256 epoch{};                         // SHA-256 over everybody's hello: new at every start of the job
  std::vector<std::string> silo_names;
};

/// Exchanges hellos and checks them. Afterwards the communicator names silos in its messages.
/// Collective. Throws: PeerLostError; ConfigError or DataError that names the silos and what differs, on all ranks.
[[nodiscard]] Roster exchange_hello(Communicator& communicator, const OwnFacts& own, const X25519& key,
                                    const Deadline& deadline);

}  // namespace crossilo
