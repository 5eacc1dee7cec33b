// Aim: a layout counts its words and bytes, and a cohort's shares come from its public weights.
// Method: sizes worked out by hand for every lane width, with lanes left over; unknown silos.
#include "crossilo/model/payload.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

TEST(PayloadLayout, WordsAreRoundedUpPerBlock) {
  const struct {
    unsigned lane_bits;
    std::size_t parameters, words;
  } cases[] = {{32, 0, 0}, {32, 5, 5}, {16, 1, 1}, {16, 2, 1}, {16, 3, 2}, {8, 4, 1}, {8, 5, 2}, {8, 9, 3}};
  for (const auto& c : cases)
    EXPECT_EQ((LaneBlock{.name = "b", .parameters = c.parameters, .lane_bits = c.lane_bits}.words()), c.words)
        << c.lane_bits << " bits, " << c.parameters;
}

TEST(PayloadLayout, BlocksAddUp) {
  const PayloadLayout layout{.lanes = {{.name = "a", .parameters = 5, .lane_bits = 8},
                                       {.name = "b", .parameters = 3, .lane_bits = 16},
                                       {.name = "c", .parameters = 7, .lane_bits = 32}},
                             .statistics = leading_statistics()};
  EXPECT_EQ(layout.parameters(), 15U);
  EXPECT_EQ(layout.lane_words(), 2U + 2U + 7U);
  EXPECT_EQ(layout.payload_bytes(), 4U * 11U + 8U * 4U);
}

TEST(PayloadLayout, LeadingStatisticsStandWhereTheirConstantsSay) {
  const auto statistics = leading_statistics();
  ASSERT_EQ(statistics.size(), kFirstFreeStatistic);
  EXPECT_EQ(statistics[kContributedWeight].name, "contributed_weight");
  EXPECT_EQ(statistics[kAbstentions].name, "abstentions");
  EXPECT_EQ(statistics[kClampedParameters].name, "clamped_parameters");
  EXPECT_EQ(statistics[kClampedBuffers].name, "clamped_buffers");
}

TEST(Cohort, SharesFollowTheWeights) {
  const Cohort cohort{.silos = {{2}, {5}, {9}}, .weights = {1, 2, 5}};
  EXPECT_EQ(cohort.total_weight(), 8U);
  EXPECT_EQ(cohort.weight({5}), 2U);
  EXPECT_EQ(cohort.share({2}), 0.125);
  EXPECT_EQ(cohort.share({9}), 0.625);
  EXPECT_THROW((void)cohort.share({3}), InternalError);
  EXPECT_THROW((void)cohort.weight({10}), InternalError);
}

TEST(Chain, EveryStageIsMoveOnlyAndAType) {
  static_assert(!std::is_copy_constructible_v<MaskedPayload> && !std::is_copy_assignable_v<MaskedPayload>);
  static_assert(std::is_nothrow_move_constructible_v<MaskedPayload>);
  static_assert(!std::is_convertible_v<NoisedPayload, MaskedPayload>);
  static_assert(!std::is_constructible_v<MaskedPayload, NoisedPayload>);
  static_assert(!std::is_constructible_v<MaskedPayload, PayloadWords>);
  static_assert(!std::is_constructible_v<ClippedUpdate, SiloUpdate, bool>);
  static_assert(!std::is_default_constructible_v<RingTotal> && !std::is_copy_constructible_v<RingTotal>);
}

}  // namespace
}  // namespace crossilo
