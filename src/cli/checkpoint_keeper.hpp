// Aim: a run's checkpoints as it goes: each one whole, and a full disk told before it ends the run.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
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

  /// From now on it is called between the steps of what holds up the run, for so long at a time.
  void show_life_by(std::function<void()> show_life, double seconds_max) {
    show_life_ = std::move(show_life);
    life_seconds_max_ = seconds_max;
  }

  /// Seals a state now, and writes it while the next rounds go on. Where the one before could not be written, training
  /// may go on: `warn` is told, and the checkpoint before that is still there. Throws: StorageError when three in a row
  /// could not be written.
  void keep(const FederationState& state, const std::string& pending_metrics,
            const std::function<void(const std::string&)>& warn);
  /// Returns once what keep() began is on the disk, or could not be written. Throws: as keep().
  void finish(const std::function<void(const std::string&)>& warn);

  /// The last round that is known to be kept; 0: none yet.
  [[nodiscard]] RoundIndex kept() const noexcept { return kept_; }
  /// Seconds that keep() held up the run since they were last taken.
  [[nodiscard]] double take_seconds() noexcept { return std::exchange(seconds_, 0.0); }

 private:
  CheckpointFolder folder_;
  CheckpointKeys keys_;
  RoundIndex kept_{};
  RoundIndex written_{};  // what `writing_` writes
  std::function<void()> show_life_ = [] {};
  double life_seconds_max_ = 0.0;
  std::future<void> writing_;
  std::uint32_t failures_ = 0;
  double seconds_ = 0.0;
};

}  // namespace crossilo
