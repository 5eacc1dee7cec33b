#include "checkpoint_keeper.hpp"

#include <fmt/format.h>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/error.hpp"
#include "wait_alive.hpp"

namespace crossilo {

void CheckpointKeeper::keep(const FederationState& state, const std::string& pending_metrics,
                            const std::function<void(const std::string&)>& warn) {
  const double begun = steady_clock().now_seconds();
  finish(warn);
  show_life_();
  written_ = state.round;
  writing_ = std::async(std::launch::async, [this, sealed = seal_checkpoint(state, keys_, pending_metrics)] {
    folder_.keep(written_, sealed);
  });
  show_life_();
  seconds_ += steady_clock().now_seconds() - begun;
}

void CheckpointKeeper::finish(const std::function<void(const std::string&)>& warn) {
  constexpr std::uint32_t kFailuresMax = 3;
  if (!writing_.valid()) return;
  wait_alive(writing_, show_life_, life_seconds_max_);
  try {
    writing_.get();
    kept_ = written_;
    failures_ = 0;
  } catch (const StorageError& error) {
    const std::string text =
        fmt::format("round {}: no checkpoint could be written: {}; {}", written_.value, error.what(),
                    kept_.value > 0 ? fmt::format("the one of round {} is intact", kept_.value) : "there is none yet");
    if (++failures_ == kFailuresMax) throw StorageError(text + fmt::format(" ({} times in a row)", kFailuresMax));
    warn(text);
  }
}

}  // namespace crossilo
