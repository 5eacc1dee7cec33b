// Aim: a run's checkpoints as it goes: each one whole, and a full disk told before it ends the run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "crossilo/io/checkpoint.hpp"

namespace crossilo {

/// Writes a run's states into its folder.
class CheckpointKeeper {
 public:
  /// `kept`: the round of a checkpoint that is there already; 0: none.
  CheckpointKeeper(CheckpointFolder folder, const CheckpointKeys& keys, RoundIndex kept)
      : folder_(std::move(folder)), keys_(keys), kept_(kept) {}

  /// Keeps a state. Where it cannot be written, training may go on: `warn` is told, and the checkpoint before is still
  /// there. Throws: StorageError when it could not be written three times in a row.
  void keep(const FederationState& state, const std::string& pending_metrics,
            const std::function<void(const std::string&)>& warn);

  /// The last round that was kept; 0: none yet.
  [[nodiscard]] RoundIndex kept() const noexcept { return kept_; }
  /// Seconds of keep() since they were last taken.
  [[nodiscard]] double take_seconds() noexcept { return std::exchange(seconds_, 0.0); }

 private:
  CheckpointFolder folder_;
  CheckpointKeys keys_;
  RoundIndex kept_{};
  std::uint32_t failures_ = 0;
  double seconds_ = 0.0;
};

}  // namespace crossilo
