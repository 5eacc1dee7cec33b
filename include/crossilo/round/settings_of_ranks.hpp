// Aim: where ranks disagree about what all must share, said in their own words before anybody acts on it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// Everybody's text, in the order of ranks, each cut off after 1 MiB. Collective. Throws: PeerLostError.
[[nodiscard]] std::vector<std::string> gather_texts(Communicator& communicator, std::string own,
                                                    const Deadline& deadline);

/// Returns only if all ranks have the same settings. Their hashes are compared; the texts travel where those differ.
/// Collective: the first thing that ranks do together, since any other check would judge by settings that may be wrong.
/// Throws: PeerLostError; ConfigError, alike on all ranks, that names each key, its values ("(not there)" where the key
/// is unknown) and who has which.
void require_same_settings(Communicator& communicator, const std::vector<std::pair<std::string, std::string>>& own,
                           const Deadline& deadline);

}  // namespace crossilo
