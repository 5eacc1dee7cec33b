// Aim: one notion of time that tests can replace.
#pragma once

namespace crossilo {

/// A monotonic clock. Deadlines read time only through it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Seconds since an arbitrary start; never goes back.
  [[nodiscard]] virtual double now_seconds() const = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] double now_seconds() const override;
};

/// A clock that moves only when told to.
class VirtualClock final : public Clock {
 public:
  [[nodiscard]] double now_seconds() const override { return now_seconds_; }
  void advance_seconds(double seconds) { now_seconds_ += seconds; }

 private:
  double now_seconds_ = 0.0;
};

/// The process-wide steady clock, for code that is not under test with virtual time.
[[nodiscard]] SteadyClock& steady_clock();

}  // namespace crossilo
