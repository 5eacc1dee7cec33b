// Aim: masks cancel exactly in the sum over all ranks, and before it a payload looks like noise.
// Method: 2 to 7 ranks in one process and plain additions; keystreams recomputed word by word; statistics of bytes.
#include "crossilo/aggregate/mask.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <set>

#include "aggregate/federation_of_masks.hpp"
#include "crossilo/base/error.hpp"
#include "support/byte_statistics.hpp"
#include "support/fake_line.hpp"

namespace crossilo {
namespace {

using testing::epoch_of;
using testing::KeyRing;
using testing::SiloBuffers;

struct Words {
  std::vector<std::uint32_t> lanes;
  std::vector<std::uint64_t> statistics;
  bool operator==(const Words&) const = default;

  template <class SomePayload>
  static Words of(SomePayload payload) {
    return {testing::lanes_of(payload), {payload.statistics().begin(), payload.statistics().end()}};
  }
  Words& operator+=(const Words& other) {
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] += other.lanes[i];
    for (std::size_t i = 0; i < statistics.size(); ++i) statistics[i] += other.statistics[i];
    return *this;
  }
};

/// A round of one silo per rank: silo ids are those of the key ring.
struct Round {
  explicit Round(std::size_t ranks, std::size_t parameters)
      : ring(ranks),
        layout(testing::layout_of({{.name = "model_delta", .parameters = parameters}})),
        codec({.layout = layout, .root = public_root(1), .noise_bound = 0}) {
    ticket.counter = 5;
    ticket.round = {3};
    for (const PublicIdentity& identity : ring.identities) {
      ticket.cohort.silos.push_back(identity.id);
      ticket.cohort.weights.push_back(10 + identity.id.value);
    }
  }

  NoisedPayload payload_of(std::size_t rank, SiloBuffers& buffers) {
    std::vector<float> values(layout.parameters());
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = 1e-3F * static_cast<float>((k * 7 + rank) % 100);
    return testing::noised(codec, ring.identities[rank].id, values, ticket, buffers);
  }
  Words plain(std::size_t rank) {
    SiloBuffers buffers(layout);
    return Words::of(payload_of(rank, buffers));
  }
  Words masked(std::size_t rank) {
    SiloBuffers buffers(layout);
    PairwiseMask mask = ring.mask_of(rank, epoch_of("1"));
    return Words::of(mask(payload_of(rank, buffers), ticket));
  }

  KeyRing ring;
  PayloadLayout layout;
  RingCodec codec;
  RoundTicket ticket;
};

TEST(Mask, CancelsInTheSumOfAllRanks) {
  for (std::size_t ranks = 2; ranks <= 7; ++ranks)
    for (const std::size_t parameters : {0U, 1U, 3U, 4U, 4095U, 4096U, 4097U, 10001U}) {
      Round round(ranks, parameters);
      Words plain_total = round.plain(0);
      Words masked_total = round.masked(0);
      for (std::size_t rank = 1; rank < ranks; ++rank) {
        EXPECT_NE(masked_total.statistics, plain_total.statistics);  // a partial sum stays hidden
        plain_total += round.plain(rank);
        masked_total += round.masked(rank);
      }
      EXPECT_EQ(masked_total, plain_total) << ranks << " ranks, " << parameters << " parameters";
    }
}

TEST(Mask, IsTheKeystreamOfThePairInTheDeclaredOrder) {
  constexpr std::size_t kParameters = 5;  // 20 bytes of lanes: the statistics start at byte 32
  Round round(3, kParameters);
  const InlineText context = mask_context(epoch_of("1"), round.ticket);
  Words expected = round.plain(1);
  for (const PairKey& pair : round.ring.keys_of(1, epoch_of("1"))) {
    const std::uint32_t sign = pair.peer < SiloId{4} ? ~0U : 1U;  // the higher id subtracts
    AesCtr stream(hkdf_sha256(pair.key.bytes(), {}, mask_info(context, pair.peer, {4})));
    std::vector<std::byte> bytes(32 + 8 * kFirstFreeStatistic);
    stream.generate(bytes);
    for (std::size_t k = 0; k < kParameters; ++k) {
      std::uint32_t word = 0;
      std::memcpy(&word, &bytes[4 * k], 4);
      expected.lanes[k] += sign * word;
    }
    for (std::size_t k = 0; k < kFirstFreeStatistic; ++k) {
      std::uint64_t word = 0;
      std::memcpy(&word, &bytes[32 + 8 * k], 8);
      expected.statistics[k] += sign == 1U ? word : std::uint64_t{0} - word;
    }
  }
  EXPECT_EQ(round.masked(1), expected);
}

TEST(Mask, TwoRanksWithTheSameRoleDoNotCancel) {
  std::vector<std::uint32_t> lanes(64, 0);
  std::vector<std::uint64_t> statistics(4, 0);
  std::array<Keystream, 2> streams{{{.cipher = AesCtr(sha256({}))}, {.cipher = AesCtr(sha256({}))}}};
  const auto add_both = [&] {
    add_keystreams(streams, lanes);
    add_keystreams(streams, statistics);
  };
  add_both();
  EXPECT_NE(lanes, std::vector<std::uint32_t>(64, 0));
  for (Keystream& stream : streams) {
    stream.subtract = true;
    stream.cipher.seek(0);
  }
  add_both();
  EXPECT_EQ(lanes, std::vector<std::uint32_t>(64, 0));
  EXPECT_EQ(statistics, std::vector<std::uint64_t>(4, 0));
}

TEST(Mask, IsTheSameInWhateverStretchesItIsAskedFor) {
  Round round(3, 10'001);
  const Words expected = round.masked(1);
  for (const std::size_t stretch : {1U, 3U, 64U, 2049U, 10'000U}) {
    SiloBuffers buffers(round.layout);
    PairwiseMask mask = round.ring.mask_of(1, epoch_of("1"));
    MaskedPayload payload = mask(round.payload_of(1, buffers), round.ticket);
    std::vector<std::uint32_t> lanes(payload.lane_words());
    for (std::size_t first = 0; first < lanes.size(); first += stretch)
      payload.next_lanes(std::span(lanes).subspan(first, std::min(stretch, lanes.size() - first)));
    EXPECT_EQ(lanes, expected.lanes) << stretch;
  }
}

TEST(Mask, ASiloThatAbstainsLooksLikeAnyOther) {
  Round round(2, 1'000);
  SiloBuffers buffers(round.layout);
  PairwiseMask mask = round.ring.mask_of(0, epoch_of("1"));
  std::vector<float> values(1'000, 1.0F);
  values[7] = std::numeric_limits<float>::quiet_NaN();
  NoisedPayload zeros = testing::noised(round.codec, round.ring.identities[0].id, values, round.ticket, buffers);
  EXPECT_EQ(zeros.words().lanes, nullptr);
  MaskedPayload masked = mask(std::move(zeros), round.ticket);
  for (const std::uint32_t word : testing::lanes_of(masked)) ASSERT_NE(word, 0U);
}

TEST(Mask, NoTwoSumsShareAStream) {
  const RoundTicket base = testing::ticket_of({1, 2, 3});
  std::vector<RoundTicket> tickets(8, base);
  tickets[1].counter = 2;
  tickets[2].kind = SumKind::final_evaluation;
  tickets[3].round = {2};
  tickets[4].cohort.weights[1] = 3;
  tickets[5].cohort.silos.pop_back();
  tickets[5].cohort.weights.pop_back();
  tickets[6].cohort.silos[2] = {9};
  tickets[7].counter = std::uint64_t{1} << 32;
  std::set<std::string> contexts;
  for (const RoundTicket& ticket : tickets) contexts.emplace(mask_context(epoch_of("1"), ticket));
  contexts.emplace(mask_context(epoch_of("2"), base));
  EXPECT_EQ(contexts.size(), tickets.size() + 1);
  for (const std::string& context : contexts) EXPECT_EQ(context.size(), contexts.begin()->size());  // fixed width
}

TEST(Mask, RefusesACounterThatDoesNotGrow) {
  Round round(2, 8);
  PairwiseMask mask = round.ring.mask_of(0, epoch_of("1"));
  const auto mask_once = [&] {
    SiloBuffers buffers(round.layout);
    (void)Words::of(mask(round.payload_of(0, buffers), round.ticket));
  };
  mask_once();
  EXPECT_THROW(mask_once(), InternalError);
  ++round.ticket.counter;
  EXPECT_NO_THROW(mask_once());
}

// The streams stand under the keys of one sum: lanes of an earlier one would be masked with another's.
TEST(Mask, RefusesAPayloadBeforeTheLastOneWasAskedForAllItsLanes) {
  Round round(2, 8);
  PairwiseMask mask = round.ring.mask_of(0, epoch_of("1"));
  SiloBuffers buffers(round.layout);
  MaskedPayload first = mask(round.payload_of(0, buffers), round.ticket);
  ++round.ticket.counter;
  SiloBuffers others(round.layout);
  RingCodec codec({.layout = round.layout, .root = public_root(1)});
  const auto mask_second = [&] {
    (void)mask(testing::noised(codec, round.ring.identities[0].id, std::vector<float>(8), round.ticket, others),
               round.ticket);
  };
  EXPECT_THROW(mask_second(), InternalError);
  (void)testing::lanes_of(first);
  EXPECT_NO_THROW(mask_second());
}

TEST(Mask, NoMaskLeavesEveryWord) {
  Round round(2, 100);
  SiloBuffers buffers(round.layout);
  NoMask none;
  EXPECT_EQ(Words::of(none(round.payload_of(0, buffers), round.ticket)), round.plain(0));
  EXPECT_STREQ(none.name(), "none");
}

// --- what a reader of masked words sees ---

testing::ByteStatistics statistics_of(const std::vector<std::uint32_t>& words) {
  return testing::ByteStatistics(std::as_bytes(std::span(words)));
}

TEST(Mask, MaskedWordsLookLikeNoiseAndPlainOnesDoNot) {
  Round round(3, 100'000);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    const testing::ByteStatistics masked = statistics_of(round.masked(rank).lanes);
    EXPECT_GT(masked.chi_square, 140.0);  // 255 +- 23; the keys are fixed, so this is repeatable
    EXPECT_LT(masked.chi_square, 370.0);
    EXPECT_GT(masked.entropy_bits, 7.999);
    const testing::ByteStatistics plain = statistics_of(round.plain(rank).lanes);
    EXPECT_GT(plain.chi_square, 10'000.0);
    EXPECT_LT(plain.entropy_bits, 7.9);
  }
}

TEST(Mask, PlainWordsNeverAppearInTheMaskedPayload) {
  Round round(2, 10'000);
  const Words plain = round.plain(0);
  const Words masked = round.masked(0);
  std::size_t equal = 0;
  for (std::size_t i = 0; i < plain.lanes.size(); ++i) equal += plain.lanes[i] == masked.lanes[i];
  EXPECT_EQ(equal, 0U);  // by chance: 2e-6
  const Words other = round.masked(1);
  for (std::size_t i = 0; i < plain.lanes.size(); ++i) ASSERT_NE(masked.lanes[i], other.lanes[i]);
}

TEST(Mask, APayloadThatWasMaskedCannotBeMaskedAgain) {
  const PayloadLayout layout{.lanes = {{.name = "b", .parameters = 4}}, .statistics = leading_statistics()};
  const RoundTicket ticket{.counter = 1, .cohort = {.silos = {{1}}, .weights = {1}}};
  RingCodec codec({.layout = layout, .root = {}});
  NoMask mask;
  SiloBuffers buffers(layout);
  NoisedPayload payload = testing::noised(codec, {1}, {0.0F, 0.0F, 0.0F, 0.0F}, ticket, buffers);
  NoisedPayload moved = std::move(payload);
  EXPECT_THROW((void)mask(std::move(payload), ticket), InternalError);
  EXPECT_THROW((void)payload.lane_words(), InternalError);
  const MaskedPayload masked = mask(std::move(moved), ticket);
  EXPECT_EQ(masked.lane_words(), 4U);
  NoisedSum sum(layout);
  EXPECT_THROW(sum.add(std::move(payload)), InternalError);
  EXPECT_THROW((void)mask(std::move(moved), ticket), InternalError);
}

}  // namespace
}  // namespace crossilo
