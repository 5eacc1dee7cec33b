// Aim: lanes are chosen from public totals alone, wide enough, and by powers of two.
// Method: hand-made totals, one after another.
#include "crossilo/update/lane_schedule.hpp"

#include <gtest/gtest.h>

#include "support/fake_line.hpp"

namespace crossilo {
namespace {

/// A decoded round with this largest coordinate and this many clamped parameters of 1000 from 2 silos.
struct Decoded {
  std::vector<float> mean = std::vector<float>(1000, 0.0f);
  std::vector<double> statistics = std::vector<double>(kFirstFreeStatistic, 0.0);
  Decoded(float largest, double clamped) {
    mean[500] = -largest;
    statistics[kClampedParameters] = clamped;
  }
};

void follow(LaneSchedule& schedule, const Decoded& decoded, double contributed_share = 1.0) {
  testing::GivenMeans mean(decoded.mean);
  const RoundTotal total{.mean = &mean, .statistics = decoded.statistics, .contributed_share = contributed_share};
  (void)testing::means_of(total);
  schedule.after(total, decoded.mean.size(), 2);
}

TEST(LaneSchedule, full_words_always_travel_with_the_same_generous_bound) {
  LaneSchedule schedule(32);
  follow(schedule, Decoded(0.0009f, 900.0));
  EXPECT_EQ(schedule.next().lane_bits, 32u);
  EXPECT_EQ(schedule.next().bound, 16.0);
}

TEST(LaneSchedule, narrow_lanes_start_wide_and_follow_the_last_mean) {
  LaneSchedule schedule(16);
  EXPECT_EQ(schedule.next().lane_bits, 32u);
  follow(schedule, Decoded(0.01f, 0.0));
  EXPECT_EQ(schedule.next().lane_bits, 16u);
  EXPECT_EQ(schedule.next().bound, 0.125);  // the least power of two from 0.08 on
  follow(schedule, Decoded(0.005f, 0.0));
  EXPECT_EQ(schedule.next().bound, 0.0625);
  follow(schedule, Decoded(100.0f, 0.0));
  EXPECT_EQ(schedule.next().bound, 16.0);
}

TEST(LaneSchedule, one_round_without_movement_does_not_collapse_the_bound) {
  LaneSchedule schedule(16);
  follow(schedule, Decoded(0.0f, 0.0));
  EXPECT_EQ(schedule.next().bound, 16.0);
  follow(schedule, Decoded(1e-9f, 0.0));
  EXPECT_EQ(schedule.next().bound, 2.0);
  follow(schedule, Decoded(0.0f, 0.0));
  EXPECT_EQ(schedule.next().bound, 2.0);
  follow(schedule, Decoded(0.1f, 0.0));
  EXPECT_EQ(schedule.next().bound, 1.0);
  for (int round = 0; round < 30; ++round) follow(schedule, Decoded(1e-30f, 0.0));
  EXPECT_EQ(schedule.next().bound, 0x1p-40);
}

TEST(LaneSchedule, many_clamped_parameters_double_the_bound) {
  LaneSchedule schedule(8);
  follow(schedule, Decoded(0.01f, 0.0));
  follow(schedule, Decoded(0.0009f, 2.0));     // one in a thousand: not yet
  EXPECT_EQ(schedule.next().bound, 0.015625);  // an eighth of 0.125
  follow(schedule, Decoded(0.0009f, 3.0));
  EXPECT_EQ(schedule.next().bound, 0.03125);
}

TEST(LaneSchedule, a_round_to_which_nobody_contributed_changes_nothing) {
  LaneSchedule schedule(16);
  const Decoded decoded(0.01f, 0.0);
  follow(schedule, decoded, 0.0);
  EXPECT_EQ(schedule.next().lane_bits, 32u);
}

}  // namespace
}  // namespace crossilo
