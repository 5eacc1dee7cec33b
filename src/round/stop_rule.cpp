#include "crossilo/round/stop_rule.hpp"

#include <cmath>
#include <numeric>

namespace crossilo {
namespace {

/// Higher is better; minus infinity where the metric cannot be had.
double score_of(StopMetric metric, const EvaluationSums& held_back) {
  switch (metric) {
    case StopMetric::loss:
      return -held_back.loss / held_back.rows;
    case StopMetric::accuracy:
      return held_back.correct / held_back.rows;
    case StopMetric::auc: {
      const auto auc = binned_auc(held_back.scores);
      return auc ? auc->value : -HUGE_VAL;
    }
  }
  return -HUGE_VAL;
}

}  // namespace

std::size_t score_bins(double rows) {
  std::size_t bins = kScoreBinsMax;
  while (bins > 1 && rows < 20.0 * static_cast<double>(bins)) bins /= 2;
  return bins > 1 ? bins : 0;
}

std::optional<BinnedAuc> binned_auc(const ScoreHistogram& scores) {
  double negatives_below = 0.0;
  double ordered = 0.0;  // pairs whose positive row lies in a higher bin
  double shared = 0.0;   // pairs in one bin
  for (std::size_t bin = 0; bin < kScoreBinsMax; ++bin) {
    ordered += scores.positive[bin] * negatives_below;
    shared += scores.positive[bin] * scores.negative[bin];
    negatives_below += scores.negative[bin];
  }
  const double positives = std::accumulate(scores.positive.begin(), scores.positive.end(), 0.0);
  const double pairs = positives * negatives_below;
  if (!(pairs > 0.0)) return std::nullopt;
  return BinnedAuc{.value = (ordered + 0.5 * shared) / pairs, .error = 0.5 * shared / pairs};
}

bool StopRule::judge(RoundIndex round, const EvaluationSums& held_back) {
  if (!(held_back.rows > 0.0)) return false;
  last_round_ = round;
  const double score = score_of(options_.metric, held_back);
  const bool has_more_rows = held_back.rows > best_rows_;
  if (!has_more_rows && held_back.rows < best_rows_) return false;
  if (has_more_rows || score > reference_score_ + options_.improvement_min) {
    reference_score_ = score;
    reference_round_ = round;
  }
  if (!has_more_rows && !(score > best_score_)) return false;
  best_rows_ = held_back.rows;
  best_score_ = score;
  return true;
}

bool StopRule::is_out_of_patience() const noexcept {
  return options_.patience_rounds > 0 && last_round_.value - reference_round_.value >= options_.patience_rounds;
}

}  // namespace crossilo
