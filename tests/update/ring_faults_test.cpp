// Aim: what a broken or hostile number does to a sum: nothing to the others, and never a wrong total.
// Method: the line of a round in one process; every case at every lane width, against the mean of the others.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "oracle/ring_oracle.hpp"
#include "support/fake_line.hpp"

namespace crossilo {
namespace {

using testing::layout_of;
using testing::noised;
using testing::SiloBuffers;
using testing::ticket_of;

constexpr double kBound = 16.0;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Decoded {
  std::vector<float> mean;
  std::vector<double> statistics;
};

Decoded decode(RingCodec& codec, NoisedPayload&& payload, const RoundTicket& ticket) {
  testing::SumOfOne sum;
  RingTotal total = sum(std::move(payload), ticket);
  Decoded result{.mean = {}, .statistics = std::vector<double>(codec.layout().statistics.size())};
  result.mean = testing::means_of(codec.decode(total, ticket, result.statistics));
  return result;
}

/// One round of silos on one rank.
Decoded sum_of(unsigned lane_bits, const std::vector<std::vector<float>>& silos, const RoundTicket& given) {
  const PayloadLayout layout =
      layout_of({{.name = "model_delta", .parameters = silos[0].size(), .lane_bits = lane_bits, .bound = kBound}});
  RingCodec codec({.layout = layout, .root = public_root(1)});
  RoundTicket ticket = given;
  ticket.lanes = {{.lane_bits = lane_bits, .bound = kBound}};
  NoisedSum sum(layout);
  SiloBuffers buffers(layout);
  for (std::uint32_t i = 0; i < silos.size(); ++i) sum.add(noised(codec, {i}, silos[i], ticket, buffers));
  return decode(codec, sum.take(), ticket);
}

double unit(unsigned lane_bits, std::size_t silos) {
  return kBound / static_cast<double>(oracle::capacity(lane_bits, static_cast<std::int64_t>(silos), 0));
}

// Fault 25.
TEST(RingFaults, a_delta_with_a_nan_or_an_infinity_is_left_out_and_the_others_count) {
  for (const unsigned lane_bits : {32U, 16U, 8U})
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
      const Decoded decoded = sum_of(lane_bits, {{1.0F, 2.0F}, {bad, 9.0F}, {3.0F, -2.0F}}, ticket_of({1, 5, 1}));
      EXPECT_EQ(decoded.statistics[kAbstentions], 1.0);
      EXPECT_EQ(decoded.statistics[kContributedWeight], 2.0);
      // The rounding of two silos, each less than one unit, over a share of 2/7.
      const double tolerance = 2.0 * unit(lane_bits, 3) * 3.5 + 1e-6;
      EXPECT_NEAR(decoded.mean[0], 2.0, tolerance);
      EXPECT_NEAR(decoded.mean[1], 0.0, tolerance);
    }
}

// Fault 27.
TEST(RingFaults, huge_values_are_clamped_and_counted_and_tiny_ones_do_no_harm) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const float largest = std::numeric_limits<float>::max();
  for (const unsigned lane_bits : {32U, 16U, 8U}) {
    const Decoded decoded =
        sum_of(lane_bits, {{1e30F, -1e30F, largest, tiny, -tiny, -0.0F}, {0, 0, 0, 0, 0, 0}}, ticket_of({1, 1}));
    EXPECT_EQ(decoded.statistics[kClampedParameters], 3.0);
    const double tolerance = unit(lane_bits, 2) + 1e-6;
    EXPECT_NEAR(decoded.mean[0], kBound / 2.0, tolerance);
    EXPECT_NEAR(decoded.mean[1], -kBound / 2.0, tolerance);
    EXPECT_NEAR(decoded.mean[2], kBound / 2.0, tolerance);
    EXPECT_NEAR(decoded.mean[3], 0.0, tolerance);
    EXPECT_NEAR(decoded.mean[4], 0.0, tolerance);
    EXPECT_EQ(decoded.mean[5], 0.0F);
  }
}

// Fault 27: clipping first, the direction stays.
TEST(RingFaults, a_norm_of_1e30_is_scaled_down_before_it_is_encoded) {
  const RoundTicket ticket = ticket_of({1});
  SiloBuffers buffers(layout_of({{.name = "model_delta", .parameters = 2}}));
  const ClippedUpdate update = testing::clipped({0}, {3e29F, -4e29F}, ticket, buffers, 5.0);
  EXPECT_NEAR(update.parameters()[0], 3.0, 1e-5);
  EXPECT_NEAR(update.parameters()[1], -4.0, 1e-5);
}

// Fault 28.
TEST(RingFaults, the_bound_itself_is_carried_and_the_next_float_above_it_is_clamped) {
  const auto bound = static_cast<float>(kBound);
  const float above = std::nextafter(bound, kInfinity);
  for (const unsigned lane_bits : {32U, 16U, 8U}) {
    const Decoded decoded = sum_of(lane_bits, {{bound, -bound, above, -above}}, ticket_of({1}));
    EXPECT_EQ(decoded.statistics[kClampedParameters], 2.0);
    const double expected[] = {kBound, -kBound, kBound, -kBound};
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(decoded.mean[i], expected[i], unit(lane_bits, 1) + 1e-6) << i;
  }
}

// Fault 29: the refusal of one silo more is LaneScale's (ring_codec_test).
TEST(RingFaults, as_many_silos_as_a_lane_holds_all_at_the_bound_do_not_wrap) {
  const std::pair<unsigned, std::size_t> cases[] = {{8, 14}, {16, 3640}};
  for (const auto& [lane_bits, silos] : cases)
    for (const float value : {static_cast<float>(kBound), -static_cast<float>(kBound)}) {
      const Decoded decoded = sum_of(lane_bits, std::vector<std::vector<float>>(silos, {value, -value, 1e30F}),
                                     ticket_of(std::vector<std::uint64_t>(silos, 10)));
      const double tolerance = static_cast<double>(silos) * unit(lane_bits, silos) + 1e-6;
      EXPECT_NEAR(decoded.mean[0], value, tolerance);
      EXPECT_NEAR(decoded.mean[1], -value, tolerance);
      EXPECT_GT(decoded.mean[2], 0.0F);
    }
}

// Fault 30: a weight is a whole number that cannot be negative or NaN, by type. All weights 0: round/roster refuses.
TEST(RingFaults, a_silo_without_rows_has_weight_zero_and_adds_nothing) {
  static_assert(std::is_same_v<decltype(Cohort::weights)::value_type, std::uint64_t>);
  for (const unsigned lane_bits : {32U, 16U, 8U}) {
    const Decoded decoded = sum_of(lane_bits, {{8.0F, -3.0F}, {0.0F, 0.0F}, {4.0F, 1.0F}}, ticket_of({10, 0, 30}));
    EXPECT_EQ(decoded.statistics[kContributedWeight], 40.0);
    EXPECT_EQ(decoded.statistics[kAbstentions], 0.0);
    EXPECT_NEAR(decoded.mean[0], 5.0, 3.0 * unit(lane_bits, 3) + 1e-6);
    EXPECT_NEAR(decoded.mean[1], 0.0, 3.0 * unit(lane_bits, 3) + 1e-6);
  }
}

template <class Word>
constexpr bool kIsSummed = requires(RingSum& ring_sum, std::span<Word> words) {
  ring_sum.sum(words, Deadline{});
};

// Fault 31: no sum of 8 or 16 bits can be asked for, by type; the test of wrapping at start-up is comm's.
TEST(RingFaults, only_whole_words_are_summed) {
  static_assert(std::is_same_v<decltype(RingTotals::words)::value_type, std::uint32_t>);
  static_assert(std::is_same_v<decltype(RingTotals::statistics)::value_type, std::uint64_t>);
  static_assert(kIsSummed<std::uint32_t> && kIsSummed<std::uint64_t>);
  static_assert(!kIsSummed<std::uint8_t> && !kIsSummed<std::uint16_t>);
}

// --- silos that sit out ---

NoisedPayload sits_out(RingCodec& codec, SiloId id, const RoundTicket& ticket, UpdateBuffer& buffer) {
  NoNoise no_noise;
  testing::GivenSilo silo(id, {});
  return no_noise(codec.encode(Clip(1.0)(silo.statistics_only(buffer), ticket), ticket), ticket);
}

UpdateBuffer sitting_buffer(const PayloadLayout& layout) {
  return {.parameters = {}, .statistics = std::vector<double>(layout.statistics.size())};
}

TEST(SittingOut, costs_no_lanes_and_leaves_the_total_as_it_is) {
  const PayloadLayout layout =
      layout_of({{.name = "model_delta", .parameters = 3}}, {{.name = "rows", .resolution = 1.0, .bound = 100.0}});
  RingCodec codec({.layout = layout, .root = public_root(1)});
  RoundTicket ticket = ticket_of({1, 1});
  ticket.cohort.silos = {{1}, {3}};  // of silos 0 to 3
  ticket.silos = 4;
  const std::vector<std::vector<float>> values{{}, {1.0F, 2.0F, 3.0F}, {}, {3.0F, 2.0F, 1.0F}};
  // Whichever comes first.
  for (const auto& order : {std::vector<std::uint32_t>{0, 1, 2, 3}, {1, 3, 0, 2}}) {
    NoisedSum sum(layout);
    SiloBuffers buffers(layout);
    UpdateBuffer sitting = sitting_buffer(layout);
    buffers.update.statistics[kFirstFreeStatistic] = sitting.statistics[kFirstFreeStatistic] = 100.0;
    for (const std::uint32_t id : order) {
      const bool sits = values[id].empty();
      NoisedPayload payload =
          sits ? sits_out(codec, {id}, ticket, sitting) : noised(codec, {id}, values[id], ticket, buffers);
      EXPECT_EQ(payload.words().lanes == nullptr, sits);
      sum.add(std::move(payload));
    }
    const Decoded decoded = decode(codec, sum.take(), ticket);
    for (const float value : decoded.mean) EXPECT_NEAR(value, 2.0, 1e-6);
    EXPECT_EQ(decoded.mean.size(), 3U);
    EXPECT_EQ(decoded.statistics[kContributedWeight], 2.0);
    EXPECT_EQ(decoded.statistics[kAbstentions], 0.0);
    EXPECT_EQ(decoded.statistics[kFirstFreeStatistic], 400.0) << "everybody's statistics, at the bound of each";
  }
}

TEST(SittingOut, a_silo_of_the_cohort_may_not_and_another_may_not_train) {
  const PayloadLayout layout = layout_of({{.name = "model_delta", .parameters = 1}});
  RingCodec codec({.layout = layout, .root = public_root(1)});
  const RoundTicket ticket = ticket_of({1});
  UpdateBuffer sitting = sitting_buffer(layout);
  EXPECT_THROW((void)sits_out(codec, {0}, ticket, sitting), InternalError);
  SiloBuffers buffers(layout);
  EXPECT_THROW((void)noised(codec, {4}, {1.0F}, ticket, buffers), InternalError);
}

// --- error feedback ---

TEST(ErrorFeedback, one_wild_value_is_clamped_once_and_not_sent_for_ever) {
  RoundTicket ticket = ticket_of({1});
  ticket.lanes = {{.lane_bits = 8, .bound = 0.25}};
  const PayloadLayout layout = layout_of({{.name = "model_delta", .parameters = 2, .lane_bits = 8, .bound = 0.25}});
  RingCodec codec({.layout = layout, .root = public_root(1)});
  SiloBuffers buffers(layout);
  const std::vector<float> global(2);
  const float quantum = 0.25F / static_cast<float>(oracle::capacity(8, 1, 0));
  for (const float wild : {1e6F, -3e38F}) {
    testing::GivenSilo silo({0}, {wild, 0.1F});
    NoNoise noise;
    NoisedPayload payload =
        noise(codec.encode(Clip(0.0)(silo.train_locally(ticket, global, buffers.update), ticket), ticket), ticket);
    EXPECT_EQ(payload.statistics()[kClampedParameters], 1U);
    (void)testing::lanes_of(payload);
    for (const float kept : buffers.update.parameters) EXPECT_LE(std::fabs(kept), 1.01F * quantum) << wild;
  }
}

// --- blocks ---

TEST(Clip, measures_and_scales_the_model_delta_alone) {
  const RoundTicket ticket = ticket_of({1});
  SiloBuffers buffers(layout_of({{.name = "model_delta", .parameters = 2}, {.name = "buffers", .parameters = 2}}));
  testing::GivenSilo silo({0}, {3.0F, -4.0F, 100.0F, -200.0F});
  const std::vector<float> global(4);
  const ClippedUpdate update = Clip(1.0, /*weights=*/2)(silo.train_locally(ticket, global, buffers.update), ticket);
  EXPECT_NEAR(update.parameters()[0], 0.6, 1e-6);
  EXPECT_NEAR(update.parameters()[1], -0.8, 1e-6);
  EXPECT_EQ(update.parameters()[2], 100.0F);
  EXPECT_EQ(update.parameters()[3], -200.0F);
}

TEST(Clip, counts_what_lies_beyond_the_bounds_of_the_lanes_after_it_has_scaled) {
  RoundTicket ticket = ticket_of({1});
  ticket.lanes = {{.lane_bits = 32, .bound = 2.0}, {.lane_bits = 32, .bound = 128.0}};
  SiloBuffers buffers(layout_of({{.name = "model_delta", .parameters = 2}, {.name = "buffers", .parameters = 2}}));
  testing::GivenSilo silo({0}, {3.0F, -4.0F, 128.0F, -200.0F});
  const std::vector<float> global(4);
  for (const auto& [norm, beyond] : {std::pair{0.0, 2.0}, {4.0, 2.0}, {3.0, 1.0}, {1.0, 0.0}}) {
    (void)Clip(norm, /*weights=*/2)(silo.train_locally(ticket, global, buffers.update), ticket);
    EXPECT_EQ(buffers.update.statistics[kClampedParameters], beyond) << norm;
    EXPECT_EQ(buffers.update.statistics[kClampedBuffers], 1.0);
  }
}

TEST(Clip, finds_what_is_not_finite_in_the_buffers_too) {
  const RoundTicket ticket = ticket_of({1});
  SiloBuffers buffers(layout_of({{.name = "model_delta", .parameters = 2}, {.name = "buffers", .parameters = 2}}));
  testing::GivenSilo silo({0}, {3.0F, -4.0F, 1.0F, kInfinity});
  const std::vector<float> global(4);
  const ClippedUpdate update = Clip(1.0, /*weights=*/2)(silo.train_locally(ticket, global, buffers.update), ticket);
  EXPECT_TRUE(update.abstains());
  for (const float value : update.parameters()) EXPECT_EQ(value, 0.0F);
}

}  // namespace
}  // namespace crossilo
