// Aim: the totals of an evaluation fit their words for any number of silos, and come back as they were written.
// Method: rosters around 1024 and of 10 000 and a million; a silo at its bound; a silo beyond it.
#include "crossilo/round/evaluation_statistics.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

constexpr std::size_t kHeldBackLoss = 1;

SiloEvaluation evaluation_with(double loss) {
  return {.held_back = {.rows = 7.0, .loss = loss, .correct = 5.0}, .test = {.rows = 3.0, .loss = 1.5, .correct = 2.0}};
}

TEST(EvaluationStatistics, TotalsFitTheirWordsForAnyRoster) {
  for (const std::size_t silos : {1u, 4u, 1024u, 1025u, 2048u, 10'000u, 1'000'000u}) {
    for (const StatisticSpec& spec : evaluation_statistics({.held_back_bins = 8, .test_bins = 4, .silos = silos})) {
      EXPECT_LE(spec.bound / spec.resolution, 0x1p52) << spec.name;
      EXPECT_LT(spec.bound / spec.resolution * static_cast<double>(silos), 0x1p63) << spec.name << " of " << silos;
      EXPECT_GE(spec.bound, 0x1p17) << spec.name;
    }
  }
  EXPECT_EQ(evaluation_statistics({.silos = 1024})[kHeldBackLoss].bound, 0x1p28);
}

TEST(EvaluationStatistics, ALossBeyondTheBoundIsLeftOutWithItsRows) {
  const EvaluationLayout layout{.silos = 10'000};
  const double bound = evaluation_statistics(layout)[kHeldBackLoss].bound;
  std::vector<double> statistics(layout.statistics());
  write_evaluation(evaluation_with(bound), layout, statistics);
  EXPECT_EQ(read_evaluation(layout, statistics).held_back.loss, bound);
  EXPECT_EQ(read_evaluation(layout, statistics).held_back.rows, 7.0);
  write_evaluation(evaluation_with(2.0 * bound), layout, statistics);
  EXPECT_EQ(read_evaluation(layout, statistics).held_back.rows, 0.0);
  EXPECT_EQ(read_evaluation(layout, statistics).held_back.loss, 0.0);
  EXPECT_EQ(read_evaluation(layout, statistics).test.rows, 3.0);
}

}  // namespace
}  // namespace crossilo
