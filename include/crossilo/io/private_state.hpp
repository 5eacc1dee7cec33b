// Aim: what a silo keeps for itself from round to round, in its own private folder, so that a later start can go on.
//
// FOLDER/RUN.round-N.remainder, readable by its owner alone: the remainder of error feedback after round N. The file
// names its generation, the chain of model records after that round (round/federation_state), so that it is never taken
// for that of another course of the run; a SHA-256 over the rest shows damage.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/types.hpp"

namespace crossilo {

/// The course of a run up to a round.
struct Generation {
  std::string run;  // the name of its folder
  RoundIndex round{};
  Hash256 chain{};
};

/// Keeps a silo's remainder [d, or none where the silo has not trained yet] in its private folder. Older ones go, but
/// for as many as there can be checkpoints that were kept, or could not be written, since. Throws: StorageError.
void keep_remainder(const std::string& folder, const Generation& generation, std::span<const float> remainder);

/// The remainder of that generation. Nothing where there is none, or it is damaged: `warn` is told why.
[[nodiscard]] std::optional<std::vector<float>> find_remainder(const std::string& folder, const Generation& generation,
                                                               const std::function<void(const std::string&)>& warn);

}  // namespace crossilo
