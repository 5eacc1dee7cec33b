// Aim: the width and the bound with which the model delta travels, from round to round.
#pragma once

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Chooses the lanes of the next round from public state alone: the last mean delta and the count of clamped
/// parameters, both of which every rank has read. Never from a maximum over silos, which would show one silo's own.
///
/// 32 bits: always C = 16, generous. 16 and 8 bits: the first round in 32 bits; then C is the least power of two that
/// is 8 times the largest coordinate of the last mean delta, but not less than an eighth of the last narrow C (a mean
/// of zeros keeps C), and at least twice the last C where more than one parameter in a thousand was clamped.
/// Deterministic: comparisons and powers of two only.
class LaneSchedule {
 public:
  explicit LaneSchedule(unsigned lane_bits) : lane_bits_(lane_bits) {}

  /// The width that all rounds but the first travel in.
  [[nodiscard]] unsigned lane_bits() const noexcept { return lane_bits_; }
  [[nodiscard]] LaneChoice next() const noexcept { return next_; }
  /// Goes on where another schedule was: `next` is what that one would have chosen.
  void restore(const LaneChoice& next) noexcept { next_ = next; }
  /// Takes a round of `cohort_size` silos, and of so many parameters in the model delta, into account; all of its means
  /// were asked for.
  void after(const RoundTotal& total, std::size_t parameters, std::size_t cohort_size);

 private:
  unsigned lane_bits_;
  LaneChoice next_{};
};

}  // namespace crossilo
