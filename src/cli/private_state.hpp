// Aim: the private state of the silos that a rank hosts, from their private folders and back.
#pragma once

#include <functional>
#include <span>

#include "crossilo/io/config.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// Keeps what belongs to the state after a round; `show_life` is called behind each silo's. Throws: StorageError.
void keep_private_state(const Config& config, const RunFolder& folder, std::span<Silo* const> silos, RoundIndex round,
                        const Hash256& chain, const std::function<void()>& show_life);

/// Takes up what was kept. A silo of which there is nothing begins without, and says so: then the run does not have the
/// bits of one that was left alone.
void take_up_private_state(const Config& config, const RunFolder& folder, std::span<Silo* const> silos,
                           RoundIndex round, const Hash256& chain);

}  // namespace crossilo
