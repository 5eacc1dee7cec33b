// Aim: the learning rate follows its schedule over the rounds.
// Method: values by hand; torch's CosineAnnealingLR and StepLR give the same ones.
#include "crossilo/silo/train_options.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace crossilo {
namespace {

double rate(const TrainOptions& options, std::uint32_t round) { return learning_rate_in(options, RoundIndex{round}); }

TEST(TrainOptions, AConstantRateStays) {
  const TrainOptions options{.learning_rate = 0.3};
  EXPECT_EQ(rate(options, 1), 0.3);
  EXPECT_EQ(rate(options, 1000000), 0.3);
}

TEST(TrainOptions, ACosineFallsToItsShareAndStaysThere) {
  const TrainOptions options{
      .learning_rate = 0.2, .schedule = Schedule::cosine, .schedule_rounds = 4, .schedule_factor = 0.1};
  EXPECT_DOUBLE_EQ(rate(options, 1), 0.2);
  EXPECT_NEAR(rate(options, 2), 0.02 + 0.18 * (1.0 + std::sqrt(0.5)) / 2.0, 1e-15);
  EXPECT_NEAR(rate(options, 3), 0.11, 1e-15);
  EXPECT_NEAR(rate(options, 4), 0.02 + 0.18 * (1.0 - std::sqrt(0.5)) / 2.0, 1e-15);
  EXPECT_NEAR(rate(options, 5), 0.02, 1e-15);
  EXPECT_NEAR(rate(options, 6), 0.02, 1e-15);
}

TEST(TrainOptions, AStepMultipliesEveryFewRounds) {
  const TrainOptions options{
      .learning_rate = 0.2, .schedule = Schedule::step, .schedule_rounds = 3, .schedule_factor = 0.5};
  const double expected[] = {0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05};
  for (std::uint32_t round = 1; round <= 7; ++round) EXPECT_DOUBLE_EQ(rate(options, round), expected[round - 1]);
}

}  // namespace
}  // namespace crossilo
