// Aim: the sum has the same bits for every shape of sites and nodes, names who is lost, and takes any length.
// Method: all 66 partitions of up to 8 ranks on LocalCommunicator against a plain loop; a rank dies at every call; a
// vector of more than 2^31 words that stands nowhere in memory.
#include "crossilo/comm/ring_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "comm/site_shapes.hpp"
#include "comm/sum_oracle.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "support/capturing_communicator.hpp"
#include "support/faulty_communicator.hpp"

namespace crossilo::test {
namespace {

LocalRun run_of(const SumShape& shape, std::uint64_t seed) {
  return {.size = static_cast<int>(shape.ranks()), .seed = seed, .node_of_rank = shape.node_of_rank};
}

TEST(RingSumTest, EqualsThePlainSumInEveryShape) {
  EXPECT_EQ(all_partitions().size(), 66u);
  std::uint64_t seed = 0;
  for (const SumShape& shape : all_site_shapes()) {
    for (const std::size_t message_words : {24u, 200u}) {
      run_local_ranks(run_of(shape, ++seed), [&](Communicator& communicator) {
        RingSum ring_sum(communicator, {.site_of_rank = shape.site_of_rank,
                                        .message_words = message_words,
                                        .window_words = 2048,
                                        .flat_words_max = seed % 2 == 0 ? 0U : 64U});
        for (const std::size_t count : {0u, 30u, 5003u}) {
          expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, count);
          expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, count);
        }
      });
      ASSERT_FALSE(HasFailure()) << describe(shape) << ", messages of " << message_words << " words";
    }
  }
}

TEST(RingSumTest, ANodeWithLittleMemoryToShareSendsMessagesAndHoldsNobodyElseUp) {
  const SumShape shape{.site_of_rank = {0, 0, 1, 1}, .node_of_rank = {0, 0, 2, 2}};
  run_local_ranks(run_of(shape, 1), [&](Communicator& communicator) {
    CapturingCommunicator limited(communicator);
    limited.watch_window([](std::span<const std::byte>) {});
    if (communicator.rank() < 2) limited.limit_windows(1 << 20);
    RingSum ring_sum(limited, RingSum::Options::for_payload(1 << 20, shape.site_of_rank));
    EXPECT_EQ(ring_sum.shape().node_of_rank, (std::vector<int>{0, 1, 2, 2}));
    expect_sum_equals_oracle<std::uint32_t>(limited, ring_sum, 100'000);
  });
}

TEST(RingSumTest, OnlyARankWithNeighboursWarnsOfLittleMemoryToShare) {
  const SumShape shape{.site_of_rank = {0, 0, 0}, .node_of_rank = {0, 0, 2}};
  for (const std::size_t room : {std::size_t{1} << 20, std::size_t{6} << 20}) {  // too little, and little
    testing::internal::CaptureStderr();
    run_local_ranks(run_of(shape, 1), [&](Communicator& communicator) {
      CapturingCommunicator limited(communicator);
      limited.watch_window([](std::span<const std::byte>) {});
      limited.limit_windows(communicator.rank() < 2 ? room : room / 2);
      const RingSum ring_sum(limited, RingSum::Options::for_payload(1 << 20));
    });
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(said, '\n'), 2) << said;
  }
}

/// Words that follow from their place and rank, given and checked without ever standing in memory together.
class CountingSource final : public RingSource {
 public:
  CountingSource(int rank, int ranks)
      : rank_(static_cast<std::uint32_t>(rank)), ranks_(static_cast<std::uint32_t>(ranks)) {}
  void give(std::span<std::uint32_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = word_at(given_ + i) * (rank_ + 1);
    given_ += out.size();
  }
  void give(std::span<std::uint64_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (statistics_given_ + i) << 33;
    statistics_given_ += out.size();
  }
  void take(const RingTotals& totals) {
    is_right_ = is_right_ && (totals.statistics.empty() || taken_ == 0);
    for (const std::uint64_t total : totals.statistics) is_right_ &= total == (statistics_taken_++ << 33) * ranks_;
    const std::uint32_t factor = ranks_ * (ranks_ + 1) / 2;
    std::uint32_t differing = 0;
    for (std::size_t i = 0; i < totals.words.size(); ++i) differing |= totals.words[i] ^ word_at(taken_ + i) * factor;
    taken_ += totals.words.size();
    is_right_ = is_right_ && differing == 0 && taken_ <= given_;
  }
  void expect_all(std::size_t statistics, std::size_t words) const {
    EXPECT_EQ(statistics_given_, statistics);
    EXPECT_EQ(statistics_taken_, statistics);
    EXPECT_EQ(given_, words);
    EXPECT_EQ(taken_, words);
    EXPECT_TRUE(is_right_);
  }

 private:
  /// Differs between places that are 2^32 apart, too.
  static std::uint32_t word_at(std::uint64_t place) {
    return static_cast<std::uint32_t>((place * 0x9e3779b97f4a7c15u) >> 32);
  }
  std::uint32_t rank_;
  std::uint32_t ranks_;
  std::size_t given_ = 0;
  std::size_t taken_ = 0;
  std::uint64_t statistics_given_ = 0;
  std::uint64_t statistics_taken_ = 0;
  bool is_right_ = true;
};

void sum_of_length(std::size_t words, const SumShape& shape) {
  run_local_ranks(run_of(shape, 1), [&](Communicator& communicator) {
    RingSum ring_sum(communicator, {.site_of_rank = shape.site_of_rank, .message_words = 1 << 18});
    CountingSource source(communicator.rank(), communicator.size());
    ring_sum.start(300, words, source, contract_deadline());
    for (RingTotals totals = ring_sum.next(); !totals.empty(); totals = ring_sum.next()) source.take(totals);
    source.expect_all(300, words);
  });
}

TEST(RingSumTest, StreamsStatisticsFirstAndEveryWordOnceInOrder) {
  for (const auto& sizes : {std::vector{1}, std::vector{3}, std::vector{2, 2}, std::vector{3, 1, 1}})
    sum_of_length(4'000'037, shape_of(sizes, 2, false));
}

TEST(RingSumTest, TakesMoreThan31BitsOfWords) {
  sum_of_length((std::size_t{1} << 31) + 12'345, shape_of({2}, 2, false));
  sum_of_length((std::size_t{1} << 31) + 12'345, shape_of({1, 1}, 1, false));
}

/// What the ranks say when one of them dies at a call; the first that speaks is believed.
TEST(RingSumTest, TheFirstToSpeakNamesWhoIsLost) {
  const SumShape shapes[] = {shape_of({2, 2, 1}, 1, false), shape_of({3, 3}, 2, false), shape_of({5}, 5, false)};
  int runs_with_a_loss = 0;
  for (std::uint64_t at_call = 20; at_call < 200; ++at_call) {
    const SumShape& shape = shapes[at_call % 3];
    std::vector<std::string> errors;
    run_local_ranks(run_of(shape, at_call), [&](Communicator& communicator) {
      FaultyCommunicator faulty(communicator, {.at_call = communicator.rank() == 3 ? at_call : ~std::uint64_t{0}});
      try {
        RingSum ring_sum(faulty, {.site_of_rank = shape.site_of_rank, .message_words = 16, .window_words = 1024},
                         contract_deadline());
        std::vector<std::uint32_t> words(5000, 1);
        ring_sum.sum(std::span(words), contract_deadline());
      } catch (const PeerLostError& error) {
        errors.emplace_back(error.what());
      } catch (const RankDied&) {
      }
    });
    if (errors.empty()) continue;  // it lived to the end
    ++runs_with_a_loss;
    EXPECT_NE(errors.front().find("rank 3 "), std::string::npos) << at_call << ": " << errors.front();
  }
  EXPECT_GT(runs_with_a_loss, 90);
}

/// Writes into what it was given to receive into, as a message does that comes late.
class LateCommunicator final : public Communicator {
 public:
  explicit LateCommunicator(Communicator& inner) : inner_(inner) {}
  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override { return inner_.start_send(words, to); }
  [[nodiscard]] Request start_receive(Words words, Peer from) override {
    const Request request = inner_.start_receive(words, from);
    if (from.tag < ReservedTag::sign_of_life) awaited_.insert_or_assign(request.slot, std::pair(words, from.tag));
    return request;
  }
  [[nodiscard]] bool test(Request& request) override {
    const std::uint32_t slot = request.slot;
    if (!inner_.test(request)) return false;
    awaited_.erase(slot);
    return true;
  }
  void idle() override { inner_.idle(); }
  void receive_all() {
    for (const auto& [slot, message] : awaited_)
      std::memset(message.first.data, 1, message.first.count * size_of(message.first.type));
  }
  /// Under this tag.
  [[nodiscard]] bool awaits(int tag) const {
    return std::ranges::any_of(awaited_, [&](const auto& one) { return one.second.second == tag; });
  }

 private:
  Communicator& inner_;
  std::map<std::uint32_t, std::pair<Words, int>> awaited_;  // with its tag
};

// Vectors of this size are handed back to the system when they are freed, so a late message would end the process.
TEST(RingSumTest, MessagesThatComeAfterALossFindTheirMemory) {
  bool awaited_contributions = false;
  bool awaited_totals = false;
  for (std::uint64_t at_call = 20; at_call < 50; at_call += 3)
    run_local_ranks({.size = 2, .seed = 1}, [&](Communicator& communicator) {
      FaultyCommunicator faulty(communicator, {.at_call = communicator.rank() == 1 ? at_call : ~std::uint64_t{0}});
      LateCommunicator late(faulty);
      try {
        std::vector<std::uint32_t> words(std::size_t{1} << 23);
        RingSum ring_sum(late, {.message_words = words.size() / 8, .window_words = words.size()}, contract_deadline());
        ring_sum.sum(std::span(words), contract_deadline());
      } catch (const std::runtime_error&) {
        awaited_contributions |= late.awaits(ReservedTag::ring_contribution);
        awaited_totals |= late.awaits(ReservedTag::ring_total);
        late.receive_all();
      }
    });
  EXPECT_TRUE(awaited_contributions);
  EXPECT_TRUE(awaited_totals);
}

}  // namespace
}  // namespace crossilo::test
