// Aim: a whole masked run whose sums go between GPUs has the bits of one whose sums do not.
// Method: train_federation on LocalCommunicator and pretended devices, with every lane width.
#include "crossilo/round/sites.hpp"
#include "round/small_federation.hpp"
#include "support/gpu.hpp"

namespace crossilo::test {
namespace {

using DeviceFederationTest = testing::GpuTest;

TEST_F(DeviceFederationTest, HasTheBitsOfTheProcessors) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "NCCL takes no two ranks on one GPU";
  for (const unsigned lane_bits : {32u, 16u, 8u})
    for (const int ranks : {1, 2, 3, 4}) {
      Case run{.delta_size = 0.5f, .rounds = 4, .lane_bits = lane_bits};
      const TrainedModel usual = train(ranks, run).first;
      run.has_device = true;
      const TrainedModel on_devices = train(ranks, run).first;
      EXPECT_EQ(on_devices.last.parameters, usual.last.parameters) << lane_bits << " bits, " << ranks << " ranks";
      EXPECT_EQ(on_devices.last.evaluation.held_back.loss, usual.last.evaluation.held_back.loss);
    }
}

TEST_F(DeviceFederationTest, OnMemoryNcclIsLeftOut) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "NCCL takes no two ranks on one GPU";
  const std::vector<int> own_node{0, 1, 2};
  const Topology all_have_one(std::vector<RankPlace>(3, {.host = "n1", .site = "all", .gpus = 1}));
  run_local_ranks({.size = 3, .seed = 1, .node_of_rank = own_node}, [&](Communicator& communicator) {
    const auto nodes = [&](const char* sum_on) {
      return RingSum(communicator, {.has_device = sums_on_gpus(all_have_one, sum_on)}).shape().node_of_rank;
    };
    EXPECT_EQ(nodes("memory"), own_node);
    for (const char* sum_on : {"auto", "nccl"}) EXPECT_EQ(nodes(sum_on), (std::vector<int>{0, 0, 0}));
  });
}

}  // namespace
}  // namespace crossilo::test
