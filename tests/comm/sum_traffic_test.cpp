// Aim: the traffic of a sum, as predicted, is what a sum sends.
// Method: real sums on LocalCommunicator in all 66 partitions of up to 8 ranks into sites, each in three layouts of
// nodes, whose messages are counted; shapes counted by hand.
#include "crossilo/comm/sum_traffic.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "comm/site_shapes.hpp"
#include "comm/sum_oracle.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "support/capturing_communicator.hpp"

namespace crossilo::test {
namespace {

std::uint64_t all_of(const std::vector<std::uint64_t>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
}

/// Words of 1; notes in what stretches they are asked for, which are the chunks of a sum.
class ChunkSource final : public RingSource {
 public:
  void give(std::span<std::uint32_t> out) override {
    std::ranges::fill(out, 1u);
    chunks_.push_back(out.size());
  }
  void give(std::span<std::uint64_t>) override { FAIL() << "no statistics are summed"; }
  [[nodiscard]] const std::vector<std::size_t>& chunks() const { return chunks_; }

 private:
  std::vector<std::size_t> chunks_;
};

/// What the ranks of a real sum did.
struct RealSum {
  struct Sent {
    std::uint64_t bytes = 0;
    std::uint64_t messages = 0;
  };
  std::map<std::pair<std::size_t, std::size_t>, Sent> sent;  // by sender and receiver
  std::vector<std::size_t> chunks;                           // words of each
  std::size_t region_words = 0;
  std::uint64_t bytes_had_by_others = 0;  // as the sums themselves count them
};

RealSum sum_really(const SumShape& shape, std::size_t words) {
  RealSum real;
  const LocalRun run{.size = static_cast<int>(shape.ranks()), .seed = 1, .node_of_rank = shape.node_of_rank};
  run_local_ranks(run, [&](Communicator& communicator) {
    CapturingCommunicator capturing(communicator);
    capturing.watch_window([&](std::span<const std::byte> region) { real.region_words = region.size() / 4; });
    RingSum ring_sum(capturing, RingSum::Options::for_payload(words, shape.site_of_rank));
    ChunkSource source;
    ring_sum.start(0, words, source, contract_deadline());
    while (!ring_sum.next().empty()) continue;
    capturing.look_at_window();
    for (const CapturingCommunicator::Captured& message : capturing.captured()) {
      const int tag = message.to.tag;
      if (!ReservedTag::is_ring_contribution(tag) && !ReservedTag::is_ring_total(tag)) continue;
      RealSum::Sent& sent =
          real.sent[{static_cast<std::size_t>(communicator.rank()), static_cast<std::size_t>(message.to.rank)}];
      sent.bytes += message.bytes.size();
      ++sent.messages;
    }
    real.chunks = source.chunks();
    real.bytes_had_by_others += ring_sum.bytes_sent();
  });
  return real;
}

/// What all messages of a real sum amount to.
SumTraffic traffic_of(const RealSum& real, const SumShape& shape) {
  std::map<int, std::uint64_t> sent_of_site, received_of_site, sent_of_node, received_of_node;
  std::vector<std::uint64_t> messages(shape.ranks());
  SumTraffic traffic{.chunks = real.chunks.size()};
  for (const auto& [pair, sent] : real.sent) {
    const auto [from, to] = pair;
    messages[from] += sent.messages;
    if (shape.site_of_rank[from] != shape.site_of_rank[to]) {
      sent_of_site[shape.site_of_rank[from]] += sent.bytes;
      received_of_site[shape.site_of_rank[to]] += sent.bytes;
      traffic.pair_bytes_max = std::max(traffic.pair_bytes_max, sent.bytes);
    } else if (shape.node_of_rank[from] != shape.node_of_rank[to]) {  // a flat chunk goes in messages in a node, too
      sent_of_node[shape.node_of_rank[from]] += sent.bytes;
      received_of_node[shape.node_of_rank[to]] += sent.bytes;
    }
  }
  for (const auto& [site, bytes] : sent_of_site) traffic.sent_of_site.push_back(bytes);
  for (const auto& [site, bytes] : received_of_site) traffic.received_of_site.push_back(bytes);
  for (const auto& [node, bytes] : sent_of_node) traffic.node_bytes_max = std::max(traffic.node_bytes_max, bytes);
  for (const auto& [node, bytes] : received_of_node) traffic.node_bytes_max = std::max(traffic.node_bytes_max, bytes);
  traffic.rank_messages_max = *std::ranges::max_element(messages);
  return traffic;
}

/// Each rank's words and each total are read by all others of the node; not so of a chunk that went from rank to rank.
std::uint64_t window_bytes(const SumShape& shape, const RealSum& real, std::size_t flat_words_max) {
  std::size_t words = 0;
  for (const std::size_t chunk : real.chunks) words += chunk > flat_words_max ? chunk : 0;
  std::map<int, std::uint64_t> ranks_of_node;
  for (const int node : shape.node_of_rank) ++ranks_of_node[node];
  std::uint64_t bytes = 0;
  for (const auto& [node, ranks] : ranks_of_node) bytes += 2 * (ranks - 1) * 4 * words;
  return bytes;
}

void expect_a_real_sum_sends_as_predicted(const SumShape& shape, std::size_t words) {
  SCOPED_TRACE(describe(shape) + ", " + std::to_string(words) + " words");
  const SumTraffic predicted = sum_traffic(shape, words);
  const RealSum real = sum_really(shape, words);
  const SumTraffic counted = traffic_of(real, shape);
  EXPECT_EQ(predicted.chunks, counted.chunks);
  EXPECT_EQ(predicted.sent_of_site, counted.sent_of_site);
  EXPECT_EQ(predicted.received_of_site, counted.received_of_site);
  EXPECT_EQ(predicted.node_bytes_max, counted.node_bytes_max);
  EXPECT_EQ(predicted.pair_bytes_max, counted.pair_bytes_max);
  EXPECT_EQ(predicted.rank_messages_max, counted.rank_messages_max);
  EXPECT_EQ(std::min(predicted.chunking.chunk_words, words), real.chunks.front());
  EXPECT_EQ(predicted.chunking.chunk_words * predicted.chunking.slots, real.region_words);
  std::uint64_t message_bytes = 0;
  for (const auto& [pair, sent] : real.sent) message_bytes += sent.bytes;
  EXPECT_EQ(message_bytes + window_bytes(shape, real, predicted.chunking.flat_words_max), real.bytes_had_by_others);
}

TEST(SumTrafficTest, IsWhatARealSumSends) {
  // One short chunk that goes flat between nodes; two chunks; two and a rest of which some ranks get nothing.
  for (const std::size_t words : {100u, 8192u, 9092u})
    for (const SumShape& shape : all_site_shapes()) {
      expect_a_real_sum_sends_as_predicted(shape, words);
      ASSERT_FALSE(HasFailure());
    }
}

TEST(SumTrafficTest, IsWhatARealSumSendsWhereTheLastChunkIsShort) {
  for (int ranks = 1; ranks <= 8; ++ranks)
    for (const std::size_t words : {1u, 100u, 5003u, 70000u})
      expect_a_real_sum_sends_as_predicted(SumShape::flat(ranks), words);
}

TEST(SumTrafficTest, IsWhatARealSumSendsWhereARegionHoldsMoreThanANodeWants) {
  for (const int node_ranks : {4, 2}) expect_a_real_sum_sends_as_predicted(shape_of({4}, node_ranks, false), 600'000);
}

TEST(SumTrafficTest, AShortVectorGoesStraightFromRankToRank) {
  const SumShape shape = shape_of({2, 2}, 8, /*dealt_out=*/false);
  // Each of 4 ranks owns 250 words, and gets 250 from, and gives 250 to, both ranks of the other site.
  EXPECT_EQ(sum_traffic(shape, 1000).sent_of_site, (std::vector<std::uint64_t>{8000, 8000}));
  EXPECT_EQ(sum_traffic(shape, 4096).sent_of_site, (std::vector<std::uint64_t>{16384, 16384}));
}

TEST(SumTrafficTest, OneNodeSendsNothing) {
  const SumTraffic traffic = sum_traffic(shape_of({4}, 4, false), 1u << 20);
  EXPECT_EQ(all_of(traffic.sent_of_site), 0u);
  EXPECT_EQ(traffic.node_bytes_max, 0u);
  EXPECT_EQ(traffic.rank_messages_max, 0u);
  EXPECT_EQ(traffic.chunks, 8u);  // half of a region of 2^18 words each
}

TEST(SumTrafficTest, TwoNodesOfASiteExchangeHalvesTwice) {
  const SumTraffic traffic = sum_traffic(shape_of({2}, 1, false), 1u << 20);
  EXPECT_EQ(traffic.node_bytes_max, 4u << 20);
  EXPECT_EQ(all_of(traffic.sent_of_site), 0u);
  EXPECT_EQ(traffic.rank_messages_max, 2 * traffic.chunks);
}

TEST(SumTrafficTest, PairsShareWhatCrosses) {
  const std::uint64_t bytes = 4u << 20;
  const SumTraffic one = sum_traffic(shape_of({1, 1}, 8, false), 1u << 20);
  EXPECT_EQ(one.sent_of_site, (std::vector{bytes, bytes}));
  EXPECT_EQ(one.pair_bytes_max, bytes);
  const SumTraffic two = sum_traffic(shape_of({2, 2}, 8, false), 1u << 20);
  EXPECT_EQ(two.sent_of_site, (std::vector{bytes, bytes}));
  EXPECT_EQ(two.pair_bytes_max, bytes / 2);
  const SumTraffic uneven = sum_traffic(shape_of({3, 1}, 8, false), 3u << 18);
  EXPECT_EQ(uneven.sent_of_site, (std::vector<std::uint64_t>{3u << 20, 3u << 20}));
  EXPECT_NEAR(static_cast<double>(uneven.pair_bytes_max), 1 << 20, 4096);
}

TEST(SumTrafficTest, EvenSitesSendNoMoreThanTheyMust) {
  for (const int sites : {2, 3, 4, 8}) {
    const std::vector<int> sizes(static_cast<std::size_t>(sites), 2);
    const std::size_t words = 1'000'000;
    const double wanted = 2.0 * (sites - 1) / sites * 4.0 * static_cast<double>(words);
    for (const std::uint64_t bytes : sum_traffic(shape_of(sizes, 8, false), words).sent_of_site)
      EXPECT_NEAR(static_cast<double>(bytes), wanted, 0.002 * wanted) << sites << " sites";
  }
}

}  // namespace
}  // namespace crossilo::test
