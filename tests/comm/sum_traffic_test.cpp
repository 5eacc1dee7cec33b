// Aim: the traffic of a sum, as predicted, is what a sum sends.
// Method: real sums on LocalCommunicator in all 66 partitions of up to 8 ranks into sites; shapes counted by hand.
#include "crossilo/comm/sum_traffic.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "comm/site_shapes.hpp"
#include "crossilo/comm/local_communicator.hpp"

namespace crossilo::test {
namespace {

std::uint64_t all_of(const std::vector<std::uint64_t>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
}

/// What all ranks together count while they really sum.
std::uint64_t bytes_of_real_sum(const SumShape& shape, std::size_t words) {
  std::vector<std::uint64_t> bytes(shape.ranks());
  const LocalRun run{.size = static_cast<int>(shape.ranks()), .seed = 1, .node_of_rank = shape.node_of_rank};
  run_local_ranks(run, [&](Communicator& communicator) {
    RingSum ring_sum(communicator, RingSum::Options::for_payload(words, shape.site_of_rank));
    std::vector<std::uint32_t> vector(words, 1);
    ring_sum.sum(vector, {});
    bytes[static_cast<std::size_t>(communicator.rank())] = ring_sum.bytes_sent();
  });
  return all_of(bytes);
}

/// Each rank's words and each total are read by all others of the node.
std::uint64_t window_bytes(const SumShape& shape, std::size_t words) {
  std::map<int, std::uint64_t> ranks_of_node;
  for (const int node : shape.node_of_rank) ++ranks_of_node[node];
  std::uint64_t bytes = 0;
  for (const auto& [node, ranks] : ranks_of_node) bytes += 2 * (ranks - 1) * 4 * words;
  return bytes;
}

TEST(SumTrafficTest, IsWhatARealSumSends) {
  constexpr std::size_t kWords = 8192;  // two chunks
  for (const std::vector<int>& sizes : all_partitions()) {
    const SumShape shape = shape_of(sizes, 8, /*dealt_out=*/false);
    EXPECT_EQ(all_of(sum_traffic(shape, kWords).sent_of_site) + window_bytes(shape, kWords),
              bytes_of_real_sum(shape, kWords))
        << describe(shape);
  }
}

TEST(SumTrafficTest, IsWhatARealSumSendsWhereTheLastChunkIsShort) {
  for (int ranks = 1; ranks <= 8; ++ranks)
    for (const std::size_t words : {1u, 100u, 5003u, 70000u})
      EXPECT_EQ(all_of(sum_traffic(SumShape::flat(ranks), words).sent_of_site),
                bytes_of_real_sum(SumShape::flat(ranks), words))
          << ranks << " ranks, " << words << " words";
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
