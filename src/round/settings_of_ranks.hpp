// Aim: where ranks disagree about settings that all must share, key by key.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/comm/communicator.hpp"

namespace crossilo {

/// A setting that not all ranks have alike: which ranks have which value ("(not there)" where the key is unknown).
struct SettingOfRanks {
  std::string key;
  std::map<std::string, std::vector<std::size_t>> ranks_of_value;
};

/// Sends everybody's settings to everybody and returns those that differ, sorted by key. Collective.
/// Throws: PeerLostError.
[[nodiscard]] std::vector<SettingOfRanks> gather_settings(Communicator& communicator,
                                                          const std::vector<std::pair<std::string, std::string>>& own,
                                                          const Deadline& deadline);

}  // namespace crossilo
