// Aim: the one way in which messages name a rank.
#pragma once

#include <string>

namespace crossilo {

/// A rank as people know it.
struct RankIdentity {
  int rank = 0;
  std::string silos;  // "va", or "cleveland, hungarian" where one rank hosts several
  std::string host;
  std::string site{};  // empty where there is only one
};

/// "silo va (rank 3, host n4, site north)", "silos a, b (rank 0, host n1)", and without silos "rank 3 (host n4)".
[[nodiscard]] std::string name_of(const RankIdentity& identity);

}  // namespace crossilo
