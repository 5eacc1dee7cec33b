// Aim: real numbers go through the ring and come back as their weighted mean, or an error says what went wrong.
// Method: the line of a round in one process against the slow oracle; damaged totals; every lane width.
#include "crossilo/update/ring_codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "oracle/ring_oracle.hpp"
#include "support/fake_line.hpp"

namespace crossilo {
namespace {

using testing::lanes_of;
using testing::layout_of;
using testing::noised;
using testing::SiloBuffers;
using testing::ticket_of;

constexpr double kBound = 16.0;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

LaneBlock block_of(std::size_t parameters, unsigned lane_bits, std::string name = "model_delta") {
  return {.name = std::move(name), .parameters = parameters, .lane_bits = lane_bits, .bound = kBound};
}

RingCodec codec_of(const PayloadLayout& layout) {
  return RingCodec({.layout = layout, .root = public_root(1), .noise_bound = 0});
}

std::vector<float> random_values(std::size_t count, unsigned seed, float most = 15.0F) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-most, most);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

/// Text of the error that `call` throws.
template <class ErrorType, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const ErrorType& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

struct Decoded {
  std::vector<float> mean;
  std::vector<double> statistics;
  double contributed_share = 0.0;
};

Decoded decode(RingCodec& codec, NoisedPayload&& payload, const RoundTicket& ticket) {
  testing::SumOfOne sum;
  RingTotal total = sum(std::move(payload), ticket);
  Decoded result{.mean = {}, .statistics = std::vector<double>(codec.layout().statistics.size())};
  const RoundTotal decoded = codec.decode(total, ticket, result.statistics);
  result.contributed_share = decoded.contributed_share;
  result.mean = testing::means_of(decoded);
  return result;
}

/// One round of silos on one rank.
Decoded run_round(RingCodec& codec, const std::vector<std::vector<float>>& silos, const RoundTicket& ticket) {
  NoisedSum sum(codec.layout());
  SiloBuffers buffers(codec.layout());
  for (std::uint32_t i = 0; i < silos.size(); ++i) sum.add(noised(codec, {i}, silos[i], ticket, buffers));
  return decode(codec, sum.take(), ticket);
}

/// Makes one word of a payload's lanes another one, as a damaged or hostile silo may.
class SetWord final : public Noise, WordSource {
 public:
  SetWord(std::size_t index, std::uint32_t word) : index_(index), word_(word) {}
  const char* name() const noexcept override { return "damage"; }

 private:
  PayloadWords add(const RoundTicket&, RingPayload&& payload) override {
    payload_.emplace(std::move(payload));
    return {.statistics = payload_->statistics(), .lane_words = payload_->lane_words(), .lanes = this};
  }
  void make(std::span<std::uint32_t> out) override {
    const std::size_t first = payload_->lane_words() - payload_->lane_words_left();
    payload_->next_lanes(out);
    if (index_ >= first && index_ - first < out.size()) out[index_ - first] = word_;
  }
  std::size_t index_;
  std::uint32_t word_;
  std::optional<RingPayload> payload_;
};

// --- LaneScale ---

TEST(LaneScale, HoldsTheMostSilosAndRefusesOneMore) {
  const struct {
    unsigned lane_bits;
    std::size_t most;
    const char* advice;
  } cases[] = {{8, 14, "16 bits"}, {16, 3640, "32 bits"}, {32, 238609294, "no lane width"}};
  for (const auto& c : cases) {
    const LaneScale scale = LaneScale::of(block_of(1, c.lane_bits), c.most, 0);
    EXPECT_EQ(scale.capacity, oracle::capacity(c.lane_bits, static_cast<std::int64_t>(c.most), 0));
    EXPECT_EQ(scale.unit, kBound / static_cast<double>(scale.capacity));
    const std::string text =
        message_of<ConfigError>([&] { (void)LaneScale::of(block_of(1, c.lane_bits), c.most + 1, 0); });
    EXPECT_NE(text.find(c.advice), std::string::npos) << text;
    EXPECT_NE(text.find("model_delta"), std::string::npos) << text;
  }
}

TEST(LaneScale, NoiseTakesItsRoom) {
  EXPECT_EQ(LaneScale::of(block_of(1, 8), 2, 50).capacity, 127 - 2 * 51);
  const std::string text = message_of<ConfigError>([] { (void)LaneScale::of(block_of(1, 8), 2, 55); });
  EXPECT_NE(text.find("16 bits"), std::string::npos) << text;
  EXPECT_THROW((void)LaneScale::of(block_of(1, 32), 2, std::int64_t{1} << 62), ConfigError);
}

TEST(LaneScale, NamesTheNarrowestWidthThatFits) {
  const std::string text = message_of<ConfigError>([] { (void)LaneScale::of(block_of(1, 8), 5000, 0); });
  EXPECT_NE(text.find("32 bits"), std::string::npos) << text;
}

// --- encode ---

TEST(RingCodec, WordsAreTheOraclesForEveryWidthAndLength) {
  RoundTicket ticket = ticket_of({3, 5, 1}, 4);
  for (const unsigned lane_bits : {32U, 16U, 8U})
    for (const std::size_t count : {1U, 2U, 3U, 5U, 4095U, 4096U, 4097U, 9001U}) {
      RingCodec codec = codec_of(layout_of({block_of(count, lane_bits)}));
      ticket.lanes = {{.lane_bits = lane_bits, .bound = kBound}};
      const auto values = random_values(count, 5, 20.0F);
      SiloBuffers buffers(codec.layout());
      NoisedPayload payload = noised(codec, {1}, values, ticket, buffers);

      AesCtr rounding(derive(public_root(1), PublicPurpose::rounding, {.round = {4}, .silo = {1}, .parent = {}}));
      std::vector<std::uint32_t> random(count);
      rounding.generate(std::as_writable_bytes(std::span(random)));
      std::vector<std::int64_t> lanes(count);
      std::uint64_t clamped = 0;
      for (std::size_t k = 0; k < count; ++k) {
        lanes[k] = oracle::quantise(values[k], 5.0 / 9.0, oracle::capacity(lane_bits, 3, 0), kBound,
                                    oracle::rounding_offset(random[k]));
        clamped += std::fabs(values[k]) > kBound;
      }
      ASSERT_EQ(lanes_of(payload), oracle::pack(lanes, lane_bits));
      EXPECT_EQ(payload.statistics()[kContributedWeight], 5U);
      EXPECT_EQ(payload.statistics()[kAbstentions], 0U);
      EXPECT_EQ(payload.statistics()[kClampedParameters], clamped);
    }
}

TEST(RingCodec, CountsOnlyValuesBeyondTheBound) {
  RingCodec codec = codec_of(layout_of({block_of(6, 32)}));
  const float above = std::nextafter(16.0F, 17.0F);
  RoundTicket ticket = ticket_of({1});
  ticket.lanes = {{.lane_bits = 32, .bound = kBound}};
  const Decoded decoded = run_round(codec, {{16.0F, -16.0F, above, -above, 1e30F, 0.0F}}, ticket);
  EXPECT_EQ(decoded.statistics[kClampedParameters], 3.0);
  EXPECT_EQ(decoded.mean[0], 16.0F);
  EXPECT_NEAR(decoded.mean[4], 16.0F, 1e-6);
}

TEST(RingCodec, RoundingDependsOnRoundSiloAndParent) {
  RingCodec codec = codec_of(layout_of({block_of(500, 8)}));
  const auto values = random_values(500, 6);
  const auto words_of = [&](SiloId silo, const RoundTicket& ticket) {
    SiloBuffers buffers(codec.layout());
    NoisedPayload payload = noised(codec, silo, values, ticket, buffers);
    return lanes_of(payload);
  };
  RoundTicket other_parent = ticket_of({1, 1});
  other_parent.parent_model[0] = std::byte{1};
  const auto words = words_of({0}, ticket_of({1, 1}));
  EXPECT_EQ(words, words_of({0}, ticket_of({1, 1})));
  EXPECT_NE(words, words_of({1}, ticket_of({1, 1})));
  EXPECT_NE(words, words_of({0}, ticket_of({1, 1}, 2)));
  EXPECT_NE(words, words_of({0}, other_parent));
}

TEST(RingCodec, RoundingIsUnbiased) {
  constexpr std::size_t kCount = 100'000;
  RingCodec codec = codec_of(layout_of({block_of(kCount, 16)}));
  const double unit = kBound / 32766.0;  // Q = 2^15 - 1 - 1
  for (const double fraction : {0.1, 0.5, -0.3}) {
    const std::vector<float> values(kCount, static_cast<float>((7.0 + fraction) * unit));
    const Decoded decoded = run_round(codec, {values}, ticket_of({1}));
    double sum = 0.0;
    for (const float value : decoded.mean) sum += value / unit - 7.0;
    EXPECT_NEAR(sum / kCount, fraction, 5 * 0.5 / std::sqrt(kCount));  // the seed is fixed: no flaky test
  }
}

TEST(RingCodec, ANaNAfterClippingIsOurMistake) {
  RingCodec codec = codec_of(layout_of({block_of(3, 32)}));
  SiloBuffers buffers(codec.layout());
  const RoundTicket ticket = ticket_of({1});
  ClippedUpdate update = testing::clipped({0}, {1.0F, 2.0F, 3.0F}, ticket, buffers);
  update.parameters()[1] = kNan;
  RingPayload payload = codec.encode(std::move(update), ticket);
  EXPECT_THROW((void)lanes_of(payload), InternalError);
}

// --- there and back ---

TEST(RingCodec, MeanIsWithinTheRoundingBound) {
  for (const unsigned lane_bits : {32U, 16U, 8U})
    for (const std::size_t n : {1U, 2U, 5U, 14U, 64U}) {
      if (lane_bits == 8 && n > 14) continue;
      RingCodec codec = codec_of(layout_of({block_of(501, lane_bits)}));
      std::vector<std::vector<float>> silos;
      std::vector<std::uint64_t> weights;
      for (unsigned i = 0; i < n; ++i) {
        silos.push_back(random_values(501, i));
        weights.push_back(i * i * 31 + 1);
      }
      const Decoded decoded = run_round(codec, silos, ticket_of(weights));
      EXPECT_EQ(decoded.contributed_share, 1.0);
      const auto expected = oracle::weighted_mean(silos, weights, std::vector<bool>(n, true));
      const double unit = kBound / static_cast<double>(oracle::capacity(lane_bits, static_cast<std::int64_t>(n), 0));
      for (std::size_t k = 0; k < expected.size(); ++k)
        ASSERT_LE(std::fabs(decoded.mean[k] - expected[k]), static_cast<double>(n) * unit + 1e-6) << n;
    }
}

TEST(RingCodec, AbstainingSilosLeaveTheMeanOfTheOthers) {
  const std::vector<std::uint64_t> weights{10, 20, 30, 40};
  RingCodec codec = codec_of(layout_of({block_of(100, 32)}));
  std::vector<std::vector<float>> silos;
  for (unsigned i = 0; i < 4; ++i) silos.push_back(random_values(100, i));
  silos[1][57] = kNan;
  silos[3][0] = kNan;
  const Decoded decoded = run_round(codec, silos, ticket_of(weights));
  EXPECT_EQ(decoded.contributed_share, 0.4);
  EXPECT_EQ(decoded.statistics[kContributedWeight], 40.0);
  EXPECT_EQ(decoded.statistics[kAbstentions], 2.0);
  const auto expected = oracle::weighted_mean(silos, weights, {true, false, true, false});
  for (std::size_t k = 0; k < expected.size(); ++k) ASSERT_NEAR(decoded.mean[k], expected[k], 2e-6);
}

TEST(RingCodec, NothingContributedGivesShareZeroAndAZeroMean) {
  RingCodec codec = codec_of(layout_of({block_of(3, 16)}));
  const std::vector<float> broken{kNan, 1.0F, 2.0F};
  const Decoded decoded = run_round(codec, {broken, broken}, ticket_of({1, 2}));
  EXPECT_EQ(decoded.contributed_share, 0.0);
  EXPECT_EQ(decoded.statistics[kAbstentions], 2.0);
  EXPECT_EQ(decoded.mean, (std::vector<float>{0.0F, 0.0F, 0.0F}));
}

TEST(RingCodec, BlocksOfDifferentWidthsStandBehindEachOther) {
  RingCodec codec = codec_of(layout_of({block_of(5, 8, "a"), block_of(3, 16, "b"), block_of(7, 32, "c")}));
  ASSERT_EQ(codec.layout().lane_words(), 2U + 2U + 7U);
  std::vector<std::vector<float>> silos{random_values(15, 1), random_values(15, 2)};
  const Decoded decoded = run_round(codec, silos, ticket_of({1, 3}));
  const auto expected = oracle::weighted_mean(silos, {1, 3}, {true, true});
  for (std::size_t k = 0; k < 15; ++k)
    EXPECT_NEAR(decoded.mean[k], expected[k], k < 5 ? 0.3 : k < 8 ? 2e-3 : 2e-6) << k;
}

TEST(RingCodec, HostedSilosAddUpInAnyOrder) {
  RingCodec codec = codec_of(layout_of({block_of(1000, 16)}));
  const RoundTicket ticket = ticket_of({4, 5, 6});
  std::vector<std::vector<std::uint32_t>> totals;
  for (const auto& order : {std::vector<std::uint32_t>{0, 1, 2}, {2, 0, 1}, {1, 2, 0}}) {
    NoisedSum sum(codec.layout());
    SiloBuffers buffers(codec.layout());
    for (const std::uint32_t i : order) sum.add(noised(codec, {i}, random_values(1000, i), ticket, buffers));
    NoisedPayload total = sum.take();
    totals.push_back(lanes_of(total));
  }
  EXPECT_EQ(totals[0], totals[1]);
  EXPECT_EQ(totals[0], totals[2]);
}

// --- statistics ---

const StatisticSpec kLoss{.name = "test_loss", .resolution = 0x1p-24, .bound = 1024.0};

TEST(RingCodec, StatisticsAddUpInFixedPoint) {
  const PayloadLayout layout = layout_of({}, {kLoss});
  RingCodec codec = codec_of(layout);
  const RoundTicket ticket = ticket_of({1, 1});
  SiloBuffers a(layout), b(layout);
  a.update.statistics[kFirstFreeStatistic] = 1.5;
  b.update.statistics[kFirstFreeStatistic] = -1024.0;
  NoisedSum sum(layout);
  sum.add(noised(codec, {0}, {}, ticket, a));
  sum.add(noised(codec, {1}, {}, ticket, b));
  const Decoded decoded = decode(codec, sum.take(), ticket);
  EXPECT_EQ(decoded.statistics[kFirstFreeStatistic], -1022.5);
  EXPECT_EQ(decoded.contributed_share, 1.0);
}

TEST(RingCodec, AnAbstainingSiloKeepsItsOtherStatistics) {
  const PayloadLayout layout = layout_of({block_of(1, 32)}, {kLoss});
  RingCodec codec = codec_of(layout);
  SiloBuffers buffers(layout);
  buffers.update.statistics[kFirstFreeStatistic] = 3.0;
  const RoundTicket ticket = ticket_of({1});
  const Decoded decoded = decode(codec, noised(codec, {0}, {kNan}, ticket, buffers), ticket);
  EXPECT_EQ(decoded.statistics, (std::vector<double>{0.0, 1.0, 0.0, 0.0, 3.0}));
}

TEST(RingCodec, AStatisticBeyondItsBoundIsNamed) {
  const PayloadLayout layout = layout_of({}, {kLoss});
  RingCodec codec = codec_of(layout);
  for (const double value :
       {1024.001, -1e300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    SiloBuffers buffers(layout);
    buffers.update.statistics[kFirstFreeStatistic] = value;
    const std::string text = message_of<DataError>([&] { (void)noised(codec, {0}, {}, ticket_of({1}), buffers); });
    EXPECT_NE(text.find("test_loss"), std::string::npos) << text;
  }
}

// --- damaged totals ---

TEST(RingCodec, TotalsBeyondTheirRangeAreRefused) {
  const PayloadLayout layout = layout_of({block_of(4, 32)}, {kLoss});
  RingCodec codec = codec_of(layout);
  const RoundTicket ticket = ticket_of({1, 1}, 9);
  const std::vector<float> values{1.0F, 2.0F, 3.0F, 4.0F};
  const auto decode_after = [&](SetWord&& damage, std::size_t statistic = 0, std::uint64_t word = 1) {
    SiloBuffers buffers(layout);
    NoisedSum sum(layout);
    sum.add(damage(codec.encode(testing::clipped({0}, values, ticket, buffers), ticket), ticket));
    sum.add(noised(codec, {1}, {kNan, 0.0F, 0.0F, 0.0F}, ticket, buffers));
    NoisedPayload total = sum.take();
    total.statistics()[statistic] = word;
    (void)decode(codec, std::move(total), ticket);
  };
  const auto intact = [] { return SetWord(0, static_cast<std::uint32_t>(std::llround(0x1p31 / 32.0))); };
  EXPECT_NO_THROW(decode_after(intact()));

  // Half of the weight contributed: a total above half of the range cannot be.
  std::string text = message_of<DivergedError>([&] { decode_after(SetWord(2, 0x50000000U)); });
  EXPECT_NE(text.find("model_delta"), std::string::npos) << text;
  EXPECT_NE(text.find("round 9"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 4"), std::string::npos) << text;
  EXPECT_THROW(decode_after(SetWord(2, 0x80000000U)), DivergedError);
  EXPECT_NO_THROW(decode_after(SetWord(2, 0x40000000U - 1U)));

  text = message_of<DivergedError>([&] { decode_after(intact(), kFirstFreeStatistic, std::uint64_t{1} << 36); });
  EXPECT_NE(text.find("test_loss"), std::string::npos) << text;
  EXPECT_THROW(decode_after(intact(), kContributedWeight, 3), DivergedError);
  EXPECT_THROW(decode_after(intact(), kContributedWeight, ~std::uint64_t{0}), DivergedError);
}

// What follows a damaged block is still asked for, since peers need this rank for it.
TEST(RingCodec, ADamagedTotalIsRefusedOnceTheSumIsThrough) {
  const PayloadLayout layout = layout_of({block_of(3000, 32, "a"), block_of(5000, 16, "b")});
  RingCodec codec = codec_of(layout);
  const RoundTicket ticket = ticket_of({1});
  SiloBuffers buffers(layout);
  testing::SumOfOne sum;
  std::vector<double> statistics(layout.statistics.size());
  const std::vector<float> values(8000, 0.5F);
  for (const bool is_damaged : {true, false}) {
    SetWord noise(5, is_damaged ? 0x80000000U : 0U);
    RingTotal total = sum(noise(codec.encode(testing::clipped({0}, values, ticket, buffers), ticket), ticket), ticket);
    const RoundTotal decoded = codec.decode(total, ticket, statistics);
    if (is_damaged)
      EXPECT_THROW((void)testing::means_of(decoded), DivergedError);
    else
      EXPECT_EQ(testing::means_of(decoded).size(), values.size());
  }
}

}  // namespace
}  // namespace crossilo
