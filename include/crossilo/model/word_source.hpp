// Aim: ring words and means that are made when they are asked for, so that no vector stands in memory between two
// stages of the line: a block is encoded, masked and handed out while it is in the cache, and a total is decoded and
// applied as it arrives.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "crossilo/base/phase_timer.hpp"

namespace crossilo {

/// Seconds that a source works for those who ask it, less what it waits for sources of its own.
class TimedSource {
 public:
  /// Since the last call.
  [[nodiscard]] double take_seconds() noexcept { return std::exchange(seconds_, 0.0); }

 protected:
  ~TimedSource() = default;
  double seconds_ = 0.0;
};

/// The words of a payload's lanes.
class WordSource : public TimedSource {
 public:
  virtual ~WordSource() = default;
  /// Writes the next out.size() words; each is made once, in ascending order.
  void next(std::span<std::uint32_t> out) {
    const PhaseTimer timer(seconds_);
    make(out);
  }

 private:
  virtual void make(std::span<std::uint32_t> out) = 0;
};

/// The totals of lanes.
class TotalSource : public TimedSource {
 public:
  virtual ~TotalSource() = default;
  /// The next ones, in ascending order; none behind the last, and until then it must be asked. They hold until the next
  /// call. Throws: PeerLostError.
  [[nodiscard]] std::span<const std::uint32_t> next() {
    const PhaseTimer timer(seconds_);
    return read();
  }

 private:
  [[nodiscard]] virtual std::span<const std::uint32_t> read() = 0;
};

/// Asks for all that are left: peers need this rank for theirs, also where it has no use for them.
inline void drain(TotalSource& totals) {
  while (!totals.next().empty()) {
  }
}

/// The weighted means of the parameters.
class MeanSource {
 public:
  virtual ~MeanSource() = default;
  /// The next ones, in ascending order; none behind the last, and until then it must be asked. They hold until the next
  /// call. Throws: PeerLostError; DivergedError when a total lies outside its declared range.
  [[nodiscard]] virtual std::span<const float> next() = 0;
  /// The largest magnitude among the model delta's means so far.
  [[nodiscard]] virtual float largest() const noexcept = 0;
};

}  // namespace crossilo
