// Aim: where the GPUs of a site join in, the sum has the same bits in every shape of sites, and a rank that is lost
// ends it for all, and is named.
// Method: all 66 partitions of up to 8 ranks on LocalCommunicator and pretended devices, which do all work as late as
// they may, against a plain loop; with all, some and no sites on devices; a rank dies at every call.
#include <gtest/gtest.h>

#include "comm/site_shapes.hpp"
#include "comm/sum_oracle.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "support/faulty_communicator.hpp"
#include "support/gpu.hpp"

namespace crossilo::test {
namespace {

class DeviceSumTest : public testing::GpuTest {
 protected:
  void SetUp() override {
    testing::GpuTest::SetUp();
    if (IsSkipped()) return;
    if (cuda_version() != "pretended") GTEST_SKIP() << "NCCL takes no two ranks on one GPU";
  }
};

/// Which ranks have a GPU.
using HasDevice = bool (*)(const SumShape& shape, std::size_t rank);
bool has_every_rank(const SumShape&, std::size_t) { return true; }
bool has_first_site(const SumShape& shape, std::size_t rank) { return shape.site_of_rank[rank] == 0; }
bool has_all_but_first(const SumShape&, std::size_t rank) { return rank != 0; }

LocalRun run_of(const SumShape& shape, std::uint64_t seed) {
  return {.size = static_cast<int>(shape.ranks()), .seed = seed, .node_of_rank = shape.node_of_rank};
}

RingSum::Options options_of(const SumShape& shape, bool has_device) {
  return {.site_of_rank = shape.site_of_rank, .message_words = 200, .window_words = 2048, .has_device = has_device};
}

TEST_F(DeviceSumTest, EqualsThePlainSumInEveryShape) {
  std::uint64_t seed = 0;
  for (const SumShape& shape : all_site_shapes()) {
    for (const HasDevice has : {has_every_rank, has_first_site, has_all_but_first}) {
      run_local_ranks(run_of(shape, ++seed), [&](Communicator& communicator) {
        RingSum::Options options = options_of(shape, has(shape, static_cast<std::size_t>(communicator.rank())));
        options.flat_words_max = seed % 2 == 0 ? 0U : 64U;
        RingSum ring_sum(communicator, options);
        for (const std::size_t count : {0u, 30u, 5003u}) {
          expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, count);
          expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, count);
        }
        ring_sum.self_test(contract_deadline());
      });
      ASSERT_FALSE(HasFailure()) << describe(shape);
    }
  }
}

/// The nodes that the sum was told of, or made, as each rank's first fellow.
std::vector<int> nodes_of(const SumShape& shape, HasDevice has) {
  std::vector<int> nodes;
  run_local_ranks(run_of(shape, 1), [&](Communicator& communicator) {
    const RingSum ring_sum(communicator, options_of(shape, has(shape, static_cast<std::size_t>(communicator.rank()))));
    nodes = ring_sum.shape().node_of_rank;
  });
  return nodes;
}

TEST_F(DeviceSumTest, ASiteIsOneNodeWhereAllItsRanksHaveAGpu) {
  const SumShape shape = shape_of({3, 2, 1}, 2, false);
  EXPECT_EQ(nodes_of(shape, has_every_rank), (std::vector<int>{0, 0, 0, 3, 3, 5}));
  EXPECT_EQ(nodes_of(shape, has_first_site), (std::vector<int>{0, 0, 0, 3, 3, 5}));
  EXPECT_EQ(nodes_of(shape, has_all_but_first), (std::vector<int>{0, 0, 2, 3, 3, 5}));
}

TEST_F(DeviceSumTest, ALostRankEndsItForAllAndIsNamed) {
  const SumShape shape = shape_of({3, 2}, 1, false);
  int runs_with_a_loss = 0;
  for (std::uint64_t at_call = 20; at_call < 200; at_call += 7) {
    bool has_died = false;
    std::vector<std::string> errors;
    std::vector<std::vector<std::uint32_t>> totals;
    run_local_ranks(run_of(shape, at_call), [&](Communicator& communicator) {
      FaultyCommunicator faulty(communicator, {.at_call = communicator.rank() == 2 ? at_call : ~std::uint64_t{0}});
      try {
        RingSum ring_sum(faulty, options_of(shape, true), contract_deadline());
        std::vector<std::uint32_t> words = contribution_of<std::uint32_t>(communicator.rank(), 20'000);
        ring_sum.sum(std::span(words), contract_deadline());
        totals.push_back(words);
      } catch (const PeerLostError& error) {
        errors.emplace_back(error.what());
      } catch (const RankDied&) {
        has_died = true;
      }
    });
    EXPECT_EQ(errors.size() + totals.size() + static_cast<std::size_t>(has_died), 5u);
    for (const auto& total : totals) EXPECT_EQ(total, plain_sum<std::uint32_t>(5, 20'000));
    if (errors.empty()) continue;  // it lived to the end
    ++runs_with_a_loss;
    EXPECT_EQ(errors.front().find("rank 2 "), 0u) << at_call << ": " << errors.front();
  }
  EXPECT_GT(runs_with_a_loss, 10);
}

/// A rank that lives, and waits, but for something else; its site cannot tell that it is the one.
TEST_F(DeviceSumTest, NoInnocentIsNamedWhereNcclDoesNotTellWhoHoldsItUp) {
  const SumShape shape = shape_of({3}, 3, false);
  std::vector<int> lost;
  run_local_ranks(run_of(shape, 1), [&](Communicator& communicator) {
    try {
      RingSum ring_sum(communicator, options_of(shape, true), contract_deadline());
      if (communicator.rank() == 1)
        poll_until(communicator, contract_deadline(), [] { return WaitProgress{.awaited_rank = -1}; });
      std::vector<std::uint32_t> words(20'000, 1);
      ring_sum.sum(std::span(words), contract_deadline());
    } catch (const PeerLostError& error) {
      lost.push_back(error.lost_rank());
    }
  });
  EXPECT_EQ(lost, (std::vector<int>{-1, -1, -1}));
}

}  // namespace
}  // namespace crossilo::test
