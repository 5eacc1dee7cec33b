// Aim: which silos each rank runs, agreed on before anybody reads a row.
#pragma once

#include <string>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// Which silos a rank hosts when nobody says who is who: a contiguous part of the roster, as even as possible.
/// Throws: EnvironmentError when there are more ranks than silos.
[[nodiscard]] std::vector<SiloId> hosted_silos(std::size_t silos, int ranks, int rank);

/// The silos of a roster that are there, ascending: all but `missing`.
[[nodiscard]] std::vector<SiloId> present_silos(std::size_t silos, const std::vector<SiloId>& missing);

/// The silos of every rank.
struct Hosting {
  std::vector<std::vector<SiloId>> silos_of_rank;  // each ascending, none empty
  std::vector<std::string> host_of_rank;
  bool is_claimed = false;  // the ranks said who they are; otherwise by hosted_silos()

  /// True when the silos stand on the ranks in the order of the roster.
  [[nodiscard]] bool is_in_order() const;
  /// How many ranks share the host of `rank`, itself included.
  [[nodiscard]] int ranks_beside(int rank) const;
  /// "va", or "cleveland, hungarian".
  [[nodiscard]] std::string names(const std::vector<std::string>& silo_names, int rank) const;
};

/// Every rank says which silo it is (`run.silo`, CROSSILO_SILO), or none does. Afterwards the communicator names silos.
/// `missing` silos of the roster are on no rank; where some are, each rank hosts one silo.
/// Collective. Throws: EnvironmentError, alike on all ranks, that names who claims an unknown or missing silo, a silo
/// that another claims too, or none while others do; PeerLostError.
[[nodiscard]] Hosting agree_on_hosting(Communicator& communicator, const std::vector<std::string>& silo_names,
                                       const std::string& own_silo, const Deadline& deadline,
                                       const std::vector<SiloId>& missing = {});

}  // namespace crossilo
