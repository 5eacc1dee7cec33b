#include "crossilo/round/stop_rule.hpp"

#include <fmt/format.h>

#include <numeric>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// Higher is better; empty where the metric cannot be had.
std::optional<double> score_of(StopMetric metric, const EvaluationSums& held_back) {
  switch (metric) {
    case StopMetric::loss:
      return -held_back.loss / held_back.rows;
    case StopMetric::accuracy:
      return held_back.correct / held_back.rows;
    case StopMetric::auc: {
      const auto auc = binned_auc(held_back.scores);
      return auc ? std::optional(auc->value) : std::nullopt;
    }
  }
  return std::nullopt;
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
  const std::optional<double> own_score = score_of(options_.metric, held_back);
  if (!own_score) return false;
  // Coarse bins give many models one AUC: of those, the one with the lower loss.
  const Score score{.metric = *own_score, .negative_loss = -held_back.loss / held_back.rows};
  judged_.last_round = round;
  const bool has_more_rows = held_back.rows > judged_.best_rows;
  if (!has_more_rows && held_back.rows < judged_.best_rows) return false;
  Score asked = judged_.reference_score;
  asked.metric += options_.improvement_min;
  if (has_more_rows || score > asked) {
    judged_.reference_score = score;
    judged_.reference_round = round;
  }
  if (!has_more_rows && !(score > judged_.best_score)) return false;
  judged_.best_rows = held_back.rows;
  judged_.best_score = score;
  return true;
}

void StopRule::require_rows(const Options& options, const Rows& rows) {
  const double shared = rows.held_back * rows.share_of_others;
  if (options.metric == StopMetric::auc && score_bins(shared) == 0)
    throw ConfigError(
        fmt::format("stop.metric = auc: all silos together hold back {:.0f} rows to judge by, without the largest silo "
                    "about {:.0f}; an AUC from binned scores needs 40 or more of those. Use loss or accuracy",
                    rows.held_back, shared));
  if (options.patience_rounds > 0 && rows.held_back == 0.0)
    throw ConfigError(fmt::format(
        "stop.patience_rounds = {}: no silo has the 4 training rows from which one is held back, so no model can be "
        "judged; set it to 0",
        options.patience_rounds));
}

StopRule::Options StopRule::for_few_rows(Options options, double held_back_rows) {
  if (options.metric == StopMetric::auc && score_bins(held_back_rows) == 0) options.metric = StopMetric::loss;
  return options;
}

bool StopRule::is_out_of_patience() const noexcept {
  return options_.patience_rounds > 0 &&
         judged_.last_round.value - judged_.reference_round.value >= options_.patience_rounds;
}

}  // namespace crossilo
