// Aim: what a rank of train checks and says while it starts.
#pragma once

#include <string>
#include <vector>

#include "crossilo/base/rank_identity.hpp"
#include "crossilo/io/config.hpp"
#include "crossilo/launch/signals.hpp"
#include "crossilo/round/hosting.hpp"
#include "crossilo/round/sites.hpp"
#include "train_rank.hpp"

namespace crossilo {

/// Throws where the ranks that found each other are not the federation that the configuration describes.
void check_launch(const Config& config, int processes, const RankPlaces& places);

/// For as long as MPI joins the ranks of the launch, which knows no deadline.
[[nodiscard]] EndDeadline join_deadline(const Config& config);

/// The silo of a rank where nobody says who is who; empty where ranks train several.
[[nodiscard]] std::string silo_by_order(const Config& config, const RankPlaces& places, int rank, int ranks);

/// Who this rank takes itself for, as long as nobody has agreed.
[[nodiscard]] std::string presumed_name(const Config& config, const RankPlaces& places, const SiteRule& rule,
                                        RankIdentity identity, int ranks);

/// Who is who: "rank 0 on host n1: silo c", one entry a rank.
[[nodiscard]] std::vector<std::string> mapping(const Config& config, const Hosting& hosting);

/// A warning where the ranks of this one's host have more threads than it has cores, or this one has more than the
/// cores that it is bound to; otherwise empty.
[[nodiscard]] std::string crowd_warning(const Config& config, const Hosting& hosting, int rank);

/// Logs the libraries that are really loaded, and what was set for MPI.
void log_machine();

}  // namespace crossilo
