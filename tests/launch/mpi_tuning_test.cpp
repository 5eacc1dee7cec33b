// Aim: MPI is told what a job over long links or on few cores needs, never against the user's own choice.
// Method: made-up machines, launchers and ranks; files of parameters; what a process finds in its environment
// afterwards.
#include "crossilo/launch/mpi_tuning.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "../data/temporary_folder.hpp"
#include "crossilo/comm/local_communicator.hpp"

namespace crossilo {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr std::uint64_t kEnough = 4194304;
const MpiFacts kLongLink{.crosses_hosts = true,
                         .ranks_here = 2,
                         .cores = 2,
                         .send_buffer_bytes_max = kEnough,
                         .receive_buffer_bytes_max = kEnough};

Settings settings_of(const MpiFacts& facts) {
  const MpiTuning tuning = mpi_tuning(facts);
  return {tuning.settings.begin(), tuning.settings.end()};
}

TEST(MpiTuning, SetsWhatALongLinkNeeds) {
  EXPECT_EQ(settings_of(kLongLink), (Settings{{"btl_tcp_sndbuf", "4194304"},
                                              {"btl_tcp_rcvbuf", "4194304"},
                                              {"btl_tcp_eager_limit", "1048576"},
                                              {"coll", "^han"}}));
  EXPECT_EQ(mpi_tuning(kLongLink).small_buffers, SmallBuffers{});
}

TEST(MpiTuning, TakesAsLargeSocketsAsTheKernelGrantsUpToWhatALongLinkHolds) {
  MpiFacts facts = kLongLink;
  facts.send_buffer_bytes_max = 3 * kEnough;
  facts.receive_buffer_bytes_max = 100 * kEnough;
  EXPECT_EQ(settings_of(facts)["btl_tcp_sndbuf"], "12582912");
  EXPECT_EQ(settings_of(facts)["btl_tcp_rcvbuf"], "16777216");
}

TEST(MpiTuning, SetsNothingOnOneHostWithCoresForAll) {
  EXPECT_TRUE(settings_of({.crosses_hosts = false, .ranks_here = 2, .cores = 2}).empty());
  EXPECT_EQ(mpi_tuning({.crosses_hosts = false}).small_buffers, SmallBuffers{}) << "no socket is used";
}

TEST(MpiTuning, LetsRanksYieldThatOutnumberTheCores) {
  EXPECT_EQ(settings_of({.crosses_hosts = false, .ranks_here = 3, .cores = 2}),
            (Settings{{"mpi_yield_when_idle", "1"}}));
}

TEST(MpiTuning, NeverSetsASmallerBufferButSaysWhichIsSmall) {
  MpiFacts facts = kLongLink;
  facts.send_buffer_bytes_max = kEnough - 1;
  EXPECT_EQ(settings_of(facts).count("btl_tcp_sndbuf"), 0u);
  EXPECT_EQ(settings_of(facts).count("btl_tcp_rcvbuf"), 1u);
  EXPECT_EQ(mpi_tuning(facts).small_buffers, (SmallBuffers{.sends = true}));
  facts.receive_buffer_bytes_max = 212992;
  EXPECT_EQ(mpi_tuning(facts).small_buffers, (SmallBuffers{.sends = true, .receives = true}));
  facts.chosen = {"btl_tcp_sndbuf", "btl_tcp_rcvbuf"};
  EXPECT_EQ(mpi_tuning(facts).small_buffers, SmallBuffers{}) << "the user has chosen";
}

constexpr SmallBuffers kNone{};
constexpr SmallBuffers kSends{.sends = true};
constexpr SmallBuffers kBoth{.sends = true, .receives = true};

TEST(MpiTuning, SaysOnWhichHostsABufferIsSmall) {
  const std::vector<std::string> hosts{"n1", "n1", "s1", "s2"};
  const auto said = [&](std::vector<SmallBuffers> of_rank) { return buffers_warning(of_rank, hosts); };
  EXPECT_EQ(said({kNone, kNone, kNone, kNone}), "");
  EXPECT_EQ(said({kBoth, kBoth, kBoth, kBoth}),
            "the kernel allows sockets too small a buffer to fill a long link between sites; as root, on every host: "
            "sysctl -w net.core.wmem_max=16777216 net.core.rmem_max=16777216");
  EXPECT_HAS(said({kNone, kNone, kSends, kNone}),
             "as root, on 1 of 3 hosts (s1): sysctl -w net.core.wmem_max=16777216");
  EXPECT_HAS(said({kBoth, kBoth, kSends, kBoth}),
             "on 1 of 3 hosts (s1): sysctl -w net.core.wmem_max=16777216; on 2 of 3 hosts (n1, s2): sysctl -w "
             "net.core.wmem_max=16777216 net.core.rmem_max=16777216");
}

TEST(MpiTuning, NamesAFewOfManyHosts) {
  std::vector<std::string> hosts;
  for (int host = 1; host <= 9; ++host) hosts.push_back("n" + std::to_string(host));
  std::vector<SmallBuffers> of_rank(9, kSends);
  of_rank[0] = kNone;
  EXPECT_HAS(buffers_warning(of_rank, hosts), "on 8 of 9 hosts (n2, n3, n4, n5, n6 and 3 more): sysctl");
}

TEST(MpiTuning, EveryRankHearsOfAnothersSmallBuffers) {
  run_local_ranks({.size = 3}, [](Communicator& communicator) {
    const std::string said = agree_on_buffers(communicator, communicator.rank() == 2 ? kSends : kNone,
                                              {"n1", "n1", "s1"}, {.seconds = 10.0, .step = "start-up"});
    EXPECT_HAS(said, "on 1 of 2 hosts (s1): sysctl -w net.core.wmem_max=16777216");
  });
}

TEST(MpiTuning, LeavesEveryParameterThatTheUserHasSet) {
  MpiFacts facts = kLongLink;
  facts.ranks_here = 8;
  for (const auto& [parameter, value] : settings_of(facts)) {
    MpiFacts own = facts;
    own.chosen = {parameter};
    EXPECT_EQ(settings_of(own).count(parameter), 0u) << parameter;
    EXPECT_EQ(settings_of(own).size(), 4u);
  }
}

/// The facts that a process finds in these variables.
MpiFacts facts_in(const Settings& variables) {
  return mpi_facts([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(MpiTuning, KnowsFromTheLauncherWhetherAJobCrossesHosts) {
  EXPECT_FALSE(facts_in({}).crosses_hosts);
  const MpiFacts one = facts_in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});
  EXPECT_FALSE(one.crosses_hosts);
  EXPECT_EQ(one.ranks_here, 4);
  EXPECT_TRUE(facts_in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}).crosses_hosts);
  Settings step{{"SLURM_STEP_ID", "0"},
                {"SLURM_STEP_NUM_TASKS", "7"},
                {"SLURM_STEP_NUM_NODES", "3"},
                {"SLURM_STEP_TASKS_PER_NODE", "2(x2),3"}};
  EXPECT_TRUE(facts_in(step).crosses_hosts);
  EXPECT_EQ(facts_in(step).ranks_here, 3);
  step["SLURM_STEP_NUM_NODES"] = "1";
  EXPECT_FALSE(facts_in(step).crosses_hosts);
  step["SLURM_HET_SIZE"] = "2";
  EXPECT_TRUE(facts_in(step).crosses_hosts) << "each group is a step of its own";
}

TEST(MpiTuning, FindsTheUsersChoiceInEnvironmentAndFiles) {
  const TemporaryFolder folder;
  const std::string path = folder.write("p.conf", "# btl_tcp_sndbuf = 1\n coll= basic # all of it\n\nbtl = self\n");
  EXPECT_EQ(parameters_in_files({folder.path("none"), path}), (std::set<std::string>{"btl", "coll"}));
  const MpiFacts facts = facts_in({{"OMPI_MCA_btl_tcp_sndbuf", "0"}, {"OMPI_MCA_mca_base_param_files", path}});
  EXPECT_TRUE(facts.chosen.contains("btl_tcp_sndbuf"));
  EXPECT_TRUE(facts.chosen.contains("coll"));
  EXPECT_FALSE(facts.chosen.contains("btl_tcp_rcvbuf"));
  const std::filesystem::path own = folder.path(".openmpi");
  std::filesystem::create_directory(own);
  EXPECT_TRUE(folder.write(".openmpi/mca-params.conf", "btl_tcp_rcvbuf=7\n").ends_with("conf"));
  EXPECT_TRUE(facts_in({{"HOME", folder.path()}}).chosen.contains("btl_tcp_rcvbuf"));
}

TEST(MpiTuning, AsksTheKernelWhatASocketMayHold) {
  const MpiFacts facts = facts_in({});
  EXPECT_GT(facts.send_buffer_bytes_max, 0u);
  EXPECT_LE(facts.send_buffer_bytes_max, 4 * kEnough);
  EXPECT_GT(facts.receive_buffer_bytes_max, 0u);
  EXPECT_GE(facts.cores, 1);
}

TEST(MpiTuning, StandsInTheEnvironmentWhereMpiReadsIt) {
  ASSERT_EQ(::setenv("OMPI_COMM_WORLD_SIZE", "4", 1), 0);
  ASSERT_EQ(::setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1", 1), 0);
  ASSERT_EQ(::setenv("OMPI_MCA_btl_tcp_eager_limit", "70000", 1), 0);
  const MpiTuning tuning = tune_mpi();
  EXPECT_STREQ(std::getenv("OMPI_MCA_coll"), "^han");
  EXPECT_STREQ(std::getenv("OMPI_MCA_btl_tcp_eager_limit"), "70000");
  for (const auto& [parameter, value] : tuning.settings)
    EXPECT_STREQ(std::getenv(("OMPI_MCA_" + parameter).c_str()), value.c_str());
}

}  // namespace
}  // namespace crossilo
