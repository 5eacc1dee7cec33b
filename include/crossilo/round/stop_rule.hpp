// Aim: which model is the best so far, and when it is time to stop; from public totals, so alike on all ranks.
#pragma once

#include <compare>
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
  struct Score {  // higher is better
    double metric = 0.0;
    double negative_loss = 0.0;
    auto operator<=>(const Score&) const = default;
  };
  /// What the models so far left of themselves.
  struct Judged {
    double best_rows = 0.0;
    Score best_score;
    Score reference_score;  // of the last model that was better by more than improvement_min
    RoundIndex reference_round{};
    RoundIndex last_round{};
    bool operator==(const Judged&) const = default;
  };
  explicit StopRule(const Options& options) : options_(options) {}

  [[nodiscard]] const Judged& judged() const noexcept { return judged_; }
  /// Goes on where another rule was.
  void restore(const Judged& judged) noexcept { judged_ = judged; }

  /// Takes the evaluation of the model after `round` into account; true when it is the best so far. A model that no row
  /// judged, or whose metric cannot be had, is passed over; of two with equal metric the lower loss is better; one that
  /// more rows judged than any before is better whatever they say.
  bool judge(RoundIndex round, const EvaluationSums& held_back);
  /// True when the last `patience_rounds` judged rounds brought no model that is better by more than improvement_min.
  [[nodiscard]] bool is_out_of_patience() const noexcept;

  /// Rows that judge: of all silos, and which share of them is not the largest silo's.
  struct Rows {
    double held_back = 0.0;
    double share_of_others = 1.0;
  };
  /// Throws: ConfigError where so few rows are held back that nothing could be judged by them; for an AUC they must
  /// hide in each other, so the largest silo's do not count.
  static void require_rows(const Options& options, const Rows& rows);
  /// The rule for a baseline on that many held-back rows: by the loss where they are too few for an AUC.
  [[nodiscard]] static Options for_few_rows(Options options, double held_back_rows);

 private:
  Options options_;
  Judged judged_;
};

}  // namespace crossilo
