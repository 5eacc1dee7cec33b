// Aim: the best model is the one that the chosen metric says, patience ends when it should, and a binned AUC brackets
// the exact one. Method: sequences of made-up evaluations; random scores against the exact AUC.
#include "crossilo/round/stop_rule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "crossilo/base/error.hpp"
#include "crossilo/silo/ranking_metrics.hpp"

namespace crossilo {
namespace {

EvaluationSums of_loss(double loss, double rows = 10.0) {
  return {.rows = rows, .loss = loss * rows, .correct = 0.0, .scores = {}};
}

TEST(StopRule, TakesTheLowestLossOrTheHighestAccuracy) {
  StopRule by_loss{{.metric = StopMetric::loss}};
  EXPECT_TRUE(by_loss.judge(RoundIndex{0}, of_loss(1.0)));
  EXPECT_FALSE(by_loss.judge(RoundIndex{1}, of_loss(1.5)));
  EXPECT_TRUE(by_loss.judge(RoundIndex{2}, of_loss(0.5)));
  StopRule by_accuracy{{.metric = StopMetric::accuracy}};
  EXPECT_TRUE(by_accuracy.judge(RoundIndex{0}, {.rows = 10, .loss = 1, .correct = 5, .scores = {}}));
  EXPECT_FALSE(by_accuracy.judge(RoundIndex{1}, {.rows = 10, .loss = 1, .correct = 5, .scores = {}}));
  EXPECT_TRUE(by_accuracy.judge(RoundIndex{2}, {.rows = 10, .loss = 9, .correct = 6, .scores = {}}));
}

TEST(StopRule, PassesOverModelsThatNoRowOrFewerRowsJudged) {
  StopRule rule{{}};
  EXPECT_TRUE(rule.judge(RoundIndex{0}, of_loss(1.0, 20.0)));
  EXPECT_FALSE(rule.judge(RoundIndex{1}, of_loss(0.1, 10.0)));
  EXPECT_FALSE(rule.judge(RoundIndex{2}, {}));
  EXPECT_TRUE(rule.judge(RoundIndex{3}, of_loss(5.0, 30.0)));
}

TEST(StopRule, LosesPatienceAfterThatManyRoundsWithoutAnImprovement) {
  StopRule rule{{.patience_rounds = 2, .improvement_min = 0.1}};
  (void)rule.judge(RoundIndex{0}, of_loss(1.0));
  EXPECT_TRUE(rule.judge(RoundIndex{1}, of_loss(0.95)));  // the best so far, but not by enough
  EXPECT_FALSE(rule.is_out_of_patience());
  (void)rule.judge(RoundIndex{2}, of_loss(0.85));
  EXPECT_FALSE(rule.is_out_of_patience());
  (void)rule.judge(RoundIndex{3}, of_loss(0.84));
  EXPECT_FALSE(rule.is_out_of_patience());
  (void)rule.judge(RoundIndex{4}, of_loss(0.83));
  EXPECT_TRUE(rule.is_out_of_patience());
  EXPECT_FALSE(StopRule{{}}.is_out_of_patience());
}

TEST(StopRule, PassesOverAModelWhoseAucCannotBeHad) {
  // Rows, but no scores: were it judged, the first model would stay the best for ever.
  StopRule rule{{.metric = StopMetric::auc, .patience_rounds = 2}};
  for (std::uint32_t round = 0; round < 5; ++round) EXPECT_FALSE(rule.judge(RoundIndex{round}, of_loss(1.0)));
  EXPECT_FALSE(rule.is_out_of_patience());
}

TEST(StopRule, TakesTheLowerLossOfModelsWithOneAuc) {
  EvaluationSums sums = of_loss(1.0);
  sums.scores.positive[3] = sums.scores.negative[2] = 5.0;
  StopRule rule{{.metric = StopMetric::auc, .patience_rounds = 1}};
  EXPECT_TRUE(rule.judge(RoundIndex{0}, sums));
  sums.loss *= 0.5;
  EXPECT_TRUE(rule.judge(RoundIndex{1}, sums));
  EXPECT_FALSE(rule.is_out_of_patience());
  sums.loss *= 1.5;
  EXPECT_FALSE(rule.judge(RoundIndex{2}, sums));
  EXPECT_TRUE(rule.is_out_of_patience());
}

TEST(StopRule, RefusesAnAucOnTooFewRowsAndABaselineFallsBackToTheLoss) {
  const StopRule::Options by_auc{.metric = StopMetric::auc, .patience_rounds = 3};
  EXPECT_THROW(StopRule::require_rows(by_auc, {.held_back = 39.0}), ConfigError);
  EXPECT_NO_THROW(StopRule::require_rows(by_auc, {.held_back = 40.0}));
  EXPECT_THROW(StopRule::require_rows(by_auc, {.held_back = 70.0, .share_of_others = 0.5}), ConfigError);
  EXPECT_THROW(StopRule::require_rows({.patience_rounds = 1}, {}), ConfigError);
  EXPECT_NO_THROW(StopRule::require_rows({}, {}));
  EXPECT_EQ(StopRule::for_few_rows(by_auc, 39.0).metric, StopMetric::loss);
  EXPECT_EQ(StopRule::for_few_rows(by_auc, 39.0).patience_rounds, 3u);
  EXPECT_EQ(StopRule::for_few_rows(by_auc, 40.0).metric, StopMetric::auc);
}

TEST(BinnedAuc, BracketsTheExactOne) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> scores;
  std::vector<float> labels;
  ScoreHistogram histogram;
  for (int row = 0; row < 3000; ++row) {
    const bool is_positive = row % 3 == 0;
    const float logit = normal(generator) + (is_positive ? 1.0F : 0.0F);
    const double probability = 1.0 / (1.0 + std::exp(-static_cast<double>(logit)));
    const auto bin = std::min<std::size_t>(static_cast<std::size_t>(probability * 32.0), 31);
    (is_positive ? histogram.positive : histogram.negative)[bin] += 1.0;
    scores.push_back(logit);
    labels.push_back(is_positive ? 1.0F : 0.0F);
  }
  const auto binned = binned_auc(histogram);
  ASSERT_TRUE(binned);
  EXPECT_NEAR(binned->value, auc(scores, labels)->value, binned->error);
  EXPECT_LT(binned->error, 0.03);
  EXPECT_GT(binned->error, 0.0);
}

TEST(BinnedAuc, IsExactWhereNoBinIsShared) {
  ScoreHistogram histogram;
  histogram.negative[0] = 3;
  histogram.positive[5] = 1;
  histogram.negative[9] = 1;
  EXPECT_EQ(binned_auc(histogram)->value, 0.75);
  EXPECT_EQ(binned_auc(histogram)->error, 0.0);
  EXPECT_FALSE(binned_auc({}));
}

TEST(ScoreBins, NeedTwentyRowsEach) {
  EXPECT_EQ(score_bins(10000), 32u);
  EXPECT_EQ(score_bins(640), 32u);
  EXPECT_EQ(score_bins(639), 16u);
  EXPECT_EQ(score_bins(40), 2u);
  EXPECT_EQ(score_bins(39), 0u);
}

}  // namespace
}  // namespace crossilo
