#include "crossilo/base/rank_identity.hpp"

#include <fmt/format.h>

namespace crossilo {

std::string name_of(const RankIdentity& identity) {
  const std::string site = identity.site.empty() ? "" : ", site " + identity.site;
  if (identity.silos.empty()) return fmt::format("rank {} (host {}{})", identity.rank, identity.host, site);
  const bool are_several = identity.silos.find(',') != std::string::npos;
  return fmt::format("silo{} {} (rank {}, host {}{})", are_several ? "s" : "", identity.silos, identity.rank,
                     identity.host, site);
}

}  // namespace crossilo
