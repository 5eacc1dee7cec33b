// Aim: how an evaluation travels in a payload: statistics behind the leading ones.
#pragma once

#include <span>
#include <vector>

#include "crossilo/model/payload.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// How many bins of a score histogram each part sends; 0: none. Powers of two up to kScoreBinsMax.
struct EvaluationLayout {
  std::size_t held_back_bins = 0;
  std::size_t test_bins = 0;
  std::size_t silos =
      1;  // of the roster: with more than 1024, a silo's loss has a smaller bound, so that the total fits
  /// Numbers that an evaluation takes: rows, loss and correct rows of each part, and two counts a bin.
  [[nodiscard]] std::size_t statistics() const noexcept { return 6 + 2 * (held_back_bins + test_bins); }
};

/// Rows, loss (at 2^-24), correct rows and the histogram of the held-back part, then of the test part.
[[nodiscard]] std::vector<StatisticSpec> evaluation_statistics(const EvaluationLayout& layout = {});

/// Writes an evaluation to `statistics` (layout.statistics() values) and reads it back; histograms are merged into the
/// layout's bins, which then stand first. A loss that is not finite, or beyond the declared bound, is left out together
/// with its rows.
void write_evaluation(const SiloEvaluation& evaluation, const EvaluationLayout& layout, std::span<double> statistics);
[[nodiscard]] SiloEvaluation read_evaluation(const EvaluationLayout& layout, std::span<const double> statistics);

}  // namespace crossilo
