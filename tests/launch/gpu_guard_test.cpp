// Aim: every rank of a machine gets a GPU of its own, or an error says how to ask for enough.
// Method: made-up machines: all GPUs in sight of all, each only its own, one shared, none, fewer than ranks,
// one machine under two names.
#include "crossilo/launch/gpu_guard.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"

namespace crossilo {
namespace {

using Ids = std::vector<std::string>;

using Gpus = std::vector<std::optional<int>>;

std::vector<GpuOffer> on_hosts(const std::vector<std::pair<const char*, Ids>>& ranks, const char* wish = "cuda",
                               bool in_slurm_job = true) {
  std::vector<GpuOffer> offers;
  for (const auto& [host, ids] : ranks)
    offers.push_back({.host = host,
                      .wish = wish,
                      .devices = {.ids = ids, .none_because = "the driver shows none"},
                      .in_slurm_job = in_slurm_job});
  return offers;
}

std::vector<GpuOffer> on_n4(const std::vector<Ids>& ids_of_rank, const char* wish = "cuda", bool in_slurm_job = true) {
  std::vector<std::pair<const char*, Ids>> ranks;
  for (const Ids& ids : ids_of_rank) ranks.emplace_back("n4", ids);
  return on_hosts(ranks, wish, in_slurm_job);
}

std::string refusal_of(const std::vector<GpuOffer>& offers) {
  try {
    (void)share_gpus(offers);
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(GpuGuard, EachRankTakesAnother) {
  EXPECT_EQ(share_gpus(on_n4(std::vector<Ids>(3, {"a", "b", "c"}))).gpu_of_rank, (Gpus{0, 1, 2}));
  EXPECT_EQ(share_gpus(on_n4({{"a"}, {"b"}})).gpu_of_rank, (Gpus{0, 0}));
  EXPECT_EQ(share_gpus(on_n4(std::vector<Ids>(2, {"a", "b", "c", "d"}))).gpu_of_rank, (Gpus{0, 1}));
}

TEST(GpuGuard, WhoHasAChoiceMakesWay) {
  EXPECT_EQ(share_gpus(on_n4({{"a", "b"}, {"a"}})).gpu_of_rank, (Gpus{1, 0}));
  EXPECT_EQ(share_gpus(on_n4({{"a", "b"}, {"b", "c"}, {"a"}, {"d", "b"}})).gpu_of_rank, (Gpus{1, 1, 0, 0}));
  EXPECT_NE(refusal_of(on_n4({{"a", "b"}, {"a"}, {"b"}})), "nothing was refused");
}

TEST(GpuGuard, AGpuIsNeverSharedInSilence) {
  EXPECT_EQ(refusal_of(on_n4({{"a"}, {"a"}, {"a"}, {"a"}})),
            "host n4: 4 ranks and 1 GPU in sight of them; every rank needs a GPU of its own: ask for them with  sbatch "
            "--gpus-per-node=4, or place fewer ranks:  --ntasks-per-node=1, or compute on the processor:  --run.device "
            "cpu");
  EXPECT_EQ(refusal_of(on_n4(std::vector<Ids>(3, {"a", "b"}), "cuda", /*in_slurm_job=*/false)),
            "host n4: 3 ranks and 2 GPUs in sight of them; every rank needs a GPU of its own: let CUDA_VISIBLE_DEVICES "
            "name as many, or use more machines:  mpirun --map-by ppr:2:node, or compute on the processor:  "
            "--run.device cpu");
}

TEST(GpuGuard, NorByContainersOfOneMachine) {
  const std::vector<std::pair<const char*, Ids>> ranks{{"n1", {"a"}}, {"n2", {"a"}}, {"n3", {"b"}}};
  EXPECT_EQ(
      refusal_of(on_hosts(ranks))
          .find("hosts n1, n2 (one machine: they see the same GPU): 2 ranks and 1 GPU in sight of them; every rank "
                "needs a GPU of its own: ask for them with  sbatch --gpus-per-node=2"),
      0u)
      << refusal_of(on_hosts(ranks));
  EXPECT_EQ(share_gpus(on_hosts(ranks, "auto")).gpu_of_rank, (Gpus{std::nullopt, std::nullopt, 0}));
  EXPECT_EQ(share_gpus(on_hosts({{"n1", {"a", "b"}}, {"n2", {"a", "b"}}})).gpu_of_rank, (Gpus{0, 1}));
}

TEST(GpuGuard, OnItsOwnItTakesTheProcessorWhereTheyDoNotSuffice) {
  std::vector<GpuOffer> offers = on_n4({{"a"}, {"a"}}, "auto", /*in_slurm_job=*/false);
  offers.push_back(on_hosts({{"n5", {"b"}}}, "auto").front());
  const GpuShares shares = share_gpus(offers);
  EXPECT_EQ(shares.gpu_of_rank, (Gpus{std::nullopt, std::nullopt, 0}));
  EXPECT_EQ(shares.warning,
            "host n4: 2 ranks and 1 GPU in sight of them; every rank needs a GPU of its own, so with run.device = auto "
            "they compute on the processor: let CUDA_VISIBLE_DEVICES name as many, or use more machines:  mpirun "
            "--map-by ppr:1:node, or compute on the processor:  --run.device cpu");
  for (const GpuOffer& more : on_hosts({{"n6", {"c"}}, {"n6", {"c"}}, {"n7", {"d"}}, {"n7", {"d"}}}, "auto"))
    offers.push_back(more);
  EXPECT_EQ(share_gpus(offers).warning, shares.warning + " (so, too, on 2 more hosts)");
}

TEST(GpuGuard, WhoInsistsComesFirst) {
  std::vector<GpuOffer> offers = on_n4({{"a"}, {"a"}}, "auto");
  offers[1].wish = "cuda";
  EXPECT_EQ(share_gpus(offers).gpu_of_rank, (Gpus{std::nullopt, 0}));
  EXPECT_EQ(share_gpus(offers).warning.find("host n4: 2 ranks and 1 GPU"), 0u);
}

TEST(GpuGuard, WarnsWhereEachRankSeesItsOwnAlone) {
  EXPECT_EQ(share_gpus(on_n4({{"a"}, {"b"}})).warning,
            "host n4: each of 2 ranks sees its own GPU alone, so NCCL may find no direct way between them: ask for "
            "them with  sbatch --gpus-per-node=2  in place of --gpus-per-task");
  EXPECT_EQ(share_gpus(on_n4({{"a"}, {"b"}}, "auto", /*in_slurm_job=*/false)).warning,
            "host n4: each of 2 ranks sees its own GPU alone, so NCCL may find no direct way between them: let "
            "CUDA_VISIBLE_DEVICES name all of them for each rank");
  EXPECT_EQ(share_gpus(on_n4({{"a", "b"}, {"a", "b"}})).warning, "");
  EXPECT_EQ(share_gpus(on_hosts({{"n1", {"a"}}, {"n2", {"b"}}})).warning, "");
}

TEST(GpuGuard, WithoutAnyGpuItSaysWhy) {
  std::vector<GpuOffer> offers = on_n4({{}});
  EXPECT_EQ(refusal_of(offers),
            "host n4: 1 rank and 0 GPUs in sight of them; every rank needs a GPU of its own (the driver shows none): "
            "ask for them with  sbatch --gpus-per-node=1, or compute on the processor:  --run.device cpu");
  offers.front().is_built_with_cuda = false;
  EXPECT_EQ(refusal_of(offers),
            "host n4: run.device = cuda, but this crossilo is built without CUDA: build it with the preset cuda "
            "(docs/install.md), or compute on the processor:  --run.device cpu");
}

/// Which GPU each of four ranks gets; -1: none; a refusal's text where all are refused.
std::vector<std::string> agreed_on(const std::vector<GpuOffer>& offers) {
  std::vector<std::string> gpus(offers.size());
  run_local_ranks({.size = static_cast<int>(offers.size()), .seed = 1}, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    try {
      const auto gpu = agree_on_gpu(communicator, offers[rank], {.seconds = 30.0, .step = "GPUs"}).gpu;
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
  const Texts said = agreed_on({kOnA, kOnB, kOnB});
  EXPECT_EQ(said, Texts(3, said.front()));
  EXPECT_EQ(said.front().find("host b: 2 ranks and 1 GPU in sight of them"), 0u) << said.front();
  EXPECT_EQ(agreed_on({kOnA, with_wish(kOnB, "auto"), with_wish(kOnB, "auto")}), (Texts{"0", "none", "none"}));
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
