// Aim: every rank of a machine gets a GPU of its own, or an error says how to ask for enough.
// Method: made-up machines: all GPUs in sight of all, each only its own, one shared, none, fewer than ranks.
#include "crossilo/launch/gpu_guard.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"

namespace crossilo {
namespace {

using Ids = std::vector<std::string>;

GpuNode node_of(std::vector<Ids> ids_of_rank, bool in_slurm_job = true) {
  return {.host = "n4", .ids_of_rank = std::move(ids_of_rank), .none_because = "", .in_slurm_job = in_slurm_job};
}

std::string refusal_of(const GpuNode& node) {
  std::string text;
  for (std::size_t rank = 0; rank < node.ids_of_rank.size(); ++rank) try {
      (void)gpu_of_rank(node, rank);
      ADD_FAILURE() << "rank " << rank << " would go on alone";
    } catch (const EnvironmentError& error) {
      EXPECT_TRUE(text.empty() || text == error.what());
      text = error.what();
    }
  return text;
}

TEST(GpuGuard, EachRankTakesAnother) {
  const GpuNode all_see_all = node_of({{"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}});
  for (std::size_t rank = 0; rank < 3; ++rank) EXPECT_EQ(gpu_of_rank(all_see_all, rank), static_cast<int>(rank));
  const GpuNode each_sees_its_own = node_of({{"a"}, {"b"}});
  EXPECT_EQ(gpu_of_rank(each_sees_its_own, 0), 0);
  EXPECT_EQ(gpu_of_rank(each_sees_its_own, 1), 0);
  const GpuNode more_than_needed = node_of({{"a", "b", "c", "d"}, {"a", "b", "c", "d"}});
  EXPECT_EQ(gpu_of_rank(more_than_needed, 1), 1);
}

TEST(GpuGuard, AGpuIsNeverSharedInSilence) {
  EXPECT_EQ(refusal_of(node_of({{"a"}, {"a"}, {"a"}, {"a"}})),
            "host n4: 4 ranks and 1 GPU in sight of them; every rank needs a GPU of its own: ask for them with  sbatch "
            "--gpus-per-task=1  or  sbatch --gpus-per-node=4, or place fewer ranks:  --ntasks-per-node=1");
  EXPECT_EQ(refusal_of(node_of({{"a", "b"}, {"a", "b"}, {"a", "b"}}, /*in_slurm_job=*/false)),
            "host n4: 3 ranks and 2 GPUs in sight of them; every rank needs a GPU of its own: let CUDA_VISIBLE_DEVICES "
            "name as many, or use more machines:  mpirun --map-by ppr:2:node");
}

TEST(GpuGuard, WithoutAnyGpuItSaysWhy) {
  GpuNode node = node_of({{}});
  node.none_because = "built without CUDA";
  EXPECT_EQ(refusal_of(node),
            "host n4: 1 rank and 0 GPUs in sight of them; every rank needs a GPU of its own (built without CUDA): ask "
            "for them with  sbatch --gpus-per-task=1  or  sbatch --gpus-per-node=1");
}

TEST(GpuGuard, RanksOfOneHostAgree) {
  // Ranks 0, 2 and 3 are on host a, which shows all its GPUs to each; rank 1 is alone on host b.
  std::vector<int> gpus(4, -1);
  run_local_ranks({.size = 4, .seed = 1}, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const GpuOffer offer{.host = rank == 1 ? "b" : "a",
                         .devices = {.ids = rank == 1 ? Ids{"u"} : Ids{"x", "y", "z"}, .none_because = ""}};
    gpus[static_cast<std::size_t>(rank)] = agree_on_gpu(communicator, offer, {.seconds = 30.0, .step = "GPUs"});
  });
  EXPECT_EQ(gpus, (std::vector<int>{0, 0, 1, 2}));
}

TEST(GpuGuard, AHostWithTooFewStopsAndOnlyThere) {
  run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const GpuOffer offer{.host = rank == 1 ? "b" : "a", .devices = {.ids = {"x"}, .none_because = ""}};
    const auto agree = [&] { return agree_on_gpu(communicator, offer, {.seconds = 30.0, .step = "GPUs"}); };
    if (rank == 1)
      EXPECT_EQ(agree(), 0);
    else
      EXPECT_THROW((void)agree(), EnvironmentError);
  });
}

TEST(GpuGuard, KnowsASlurmJob) {
  const auto in = [](const char* variable) {
    return is_in_slurm_job([=](const char* name) { return std::string(name) == variable ? "7" : nullptr; });
  };
  EXPECT_TRUE(in("SLURM_JOB_ID"));
  EXPECT_FALSE(in("OMPI_COMM_WORLD_SIZE"));
}

}  // namespace
}  // namespace crossilo
