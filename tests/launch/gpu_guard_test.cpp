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
  EXPECT_EQ(
      refusal_of(node_of({{"a"}, {"a"}, {"a"}, {"a"}})),
      "host n4: 4 ranks and 1 GPU in sight of them; every rank needs a GPU of its own: ask for them with  sbatch "
      "--gpus-per-task=1  or  sbatch --gpus-per-node=4, or place fewer ranks:  --ntasks-per-node=1, or compute on the "
      "processor:  --run.device cpu");
  EXPECT_EQ(refusal_of(node_of({{"a", "b"}, {"a", "b"}, {"a", "b"}}, /*in_slurm_job=*/false)),
            "host n4: 3 ranks and 2 GPUs in sight of them; every rank needs a GPU of its own: let CUDA_VISIBLE_DEVICES "
            "name as many, or use more machines:  mpirun --map-by ppr:2:node, or compute on the processor:  "
            "--run.device cpu");
}

TEST(GpuGuard, WithoutAnyGpuItSaysWhy) {
  GpuNode node = node_of({{}});
  node.none_because = "the driver shows none to this process";
  EXPECT_EQ(refusal_of(node),
            "host n4: 1 rank and 0 GPUs in sight of them; every rank needs a GPU of its own (the driver shows none to "
            "this process): ask for them with  sbatch --gpus-per-task=1  or  sbatch --gpus-per-node=1, or compute on "
            "the processor:  --run.device cpu");
  node.is_built_with_cuda = false;
  EXPECT_EQ(refusal_of(node),
            "host n4: run.device = cuda, but this crossilo is built without CUDA: build it with the preset cuda "
            "(docs/install.md), or compute on the processor:  --run.device cpu");
}

/// Which GPU each of four ranks gets; -1: none; a refusal's text where all are refused.
std::vector<std::string> agreed_on(const std::vector<GpuOffer>& offers) {
  std::vector<std::string> gpus(offers.size());
  run_local_ranks({.size = static_cast<int>(offers.size()), .seed = 1}, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    try {
      const auto gpu = agree_on_gpu(communicator, offers[rank], {.seconds = 30.0, .step = "GPUs"});
      gpus[rank] = gpu ? std::to_string(*gpu) : "none";
    } catch (const EnvironmentError& error) {
      gpus[rank] = error.what();
    }
  });
  return gpus;
}

using Texts = std::vector<std::string>;
const GpuOffer kOnA{.host = "a", .devices = {.ids = {"x", "y", "z"}, .none_because = ""}};
const GpuOffer kOnB{.host = "b", .devices = {.ids = {"u"}, .none_because = ""}};

GpuOffer with_wish(GpuOffer offer, const char* wish) {
  offer.wish = wish;
  return offer;
}

TEST(GpuGuard, RanksOfOneHostAgree) { EXPECT_EQ(agreed_on({kOnA, kOnB, kOnA, kOnA}), (Texts{"0", "0", "1", "2"})); }

TEST(GpuGuard, OnlyThoseWhoWantOneAreCounted) {
  const GpuOffer sees_none{.host = "c", .wish = "auto", .devices = {.ids = {}, .none_because = "no driver"}};
  EXPECT_EQ(agreed_on({with_wish(kOnB, "cpu"), with_wish(kOnB, "auto"), sees_none, with_wish(kOnA, "auto")}),
            (Texts{"none", "0", "none", "0"}));
}

TEST(GpuGuard, AHostWithTooFewStopsAllRanksAlike) {
  for (const char* wish : {"cuda", "auto"}) {
    const Texts said = agreed_on({kOnA, with_wish(kOnB, wish), with_wish(kOnB, wish)});
    EXPECT_EQ(said, Texts(3, said.front()));
    EXPECT_EQ(said.front().find("host b: 2 ranks and 1 GPU in sight of them"), 0u) << said.front();
  }
}

TEST(GpuGuard, AsksForNothingOnTheProcessor) {
  EXPECT_TRUE(own_gpu_offer("cpu").devices.ids.empty());
  EXPECT_TRUE(own_gpu_offer("cpu").devices.none_because.empty());
  EXPECT_EQ(own_gpu_offer("auto").devices.none_because.empty(), !own_gpu_offer("auto").devices.ids.empty());
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
