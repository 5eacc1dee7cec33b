// Aim: which model is the best so far, and when it is time to stop; from public totals, so alike on all ranks.
#pragma once

#include <cstdint>
#include <optional>

#include "crossilo/base/types.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// What a model is judged by, on the rows held back.
enum class StopMetric : std::uint8_t { loss, accuracy, auc };

/// An AUC known up to the order of rows that share a bin.
struct BinnedAuc {
  double value = 0.0;
  double error = 0.0;  // the exact AUC lies within value +- error
};

/// The area under the ROC curve from a histogram: the middle of what the pairs in shared bins allow. Empty where a
/// class has no rows. Units: both in [0, 1].
[[nodiscard]] std::optional<BinnedAuc> binned_auc(const ScoreHistogram& scores);

/// Bins that so many rows allow: the largest power of two up to 32 with 20 rows a bin or more; 0 below 40 rows.
[[nodiscard]] std::size_t score_bins(double rows);

/// Judges one model after another.
class StopRule {
 public:
  struct Options {
    StopMetric metric = StopMetric::loss;
    std::uint32_t patience_rounds = 0;  // 0: never stops
    double improvement_min = 0.0;
  };
  explicit StopRule(const Options& options) : options_(options) {}

  /// Takes the evaluation of the model after `round` into account; true when it is the best so far. A model that no row
  /// judged, or whose metric cannot be had, is passed over; one that more rows judged than any before is better
  /// whatever they say.
  bool judge(RoundIndex round, const EvaluationSums& held_back);
  /// True when the last `patience_rounds` judged rounds brought no model that is better by more than improvement_min.
  [[nodiscard]] bool is_out_of_patience() const noexcept;

  /// Throws: ConfigError where so few rows are held back, over all silos, that nothing could be judged by them.
  static void require_rows(const Options& options, double held_back_rows);
  /// The rule for a baseline on that many held-back rows: by the loss where they are too few for an AUC.
  [[nodiscard]] static Options for_few_rows(Options options, double held_back_rows);

 private:
  Options options_;
  double best_rows_ = 0.0;
  double best_score_ = 0.0;       // higher is better
  double reference_score_ = 0.0;  // of the last model that was better by more than improvement_min
  RoundIndex reference_round_{};
  RoundIndex last_round_{};
};

}  // namespace crossilo
