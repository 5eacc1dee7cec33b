// Aim: the launcher is recognised by its variables, and each classic mistake gets the line that starts it right.
// Method: made-up environments of mpirun, srun, a batch script, an interactive shell and a plain start.
#include "crossilo/launch/guard.hpp"

#include <gtest/gtest.h>

#include <map>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::optional<Launch> launch_in(const std::map<std::string, std::string>& variables) {
  return detect_launch([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Guard, KnowsTheLauncher) {
  EXPECT_FALSE(launch_in({}));
  const auto mpirun = launch_in({{"OMPI_COMM_WORLD_SIZE", "4"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}});
  ASSERT_TRUE(mpirun);
  EXPECT_EQ(mpirun->launcher, "mpirun");
  EXPECT_EQ(mpirun->processes, 4);
  const auto srun = launch_in({{"SLURM_STEP_ID", "2"}, {"SLURM_STEP_NUM_TASKS", "8"}, {"PMI_SIZE", "8"}});
  ASSERT_TRUE(srun);
  EXPECT_EQ(srun->launcher, "srun");
  EXPECT_EQ(srun->processes, 8);
  EXPECT_EQ(launch_in({{"PMI_SIZE", "3"}}).value().processes, 3);
}

TEST(Guard, ABatchScriptAndAnInteractiveShellAreNoLaunchers) {
  EXPECT_FALSE(launch_in({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}));
  EXPECT_FALSE(launch_in({{"SLURM_STEP_ID", "4294967290"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
  EXPECT_FALSE(launch_in({{"SLURM_STEP_ID", "-6"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
}

TEST(Guard, GivesTheLineThatStartsItRight) {
  const std::string command = "/bin/crossilo train a.ini";
  EXPECT_EQ(launch_mismatch(4, 1, std::nullopt, 0, command),
            "4 silos, but one process was started: start with  /bin/crossilo train a.ini --np 4");
  EXPECT_EQ(launch_mismatch(4, 1, Launch{"mpirun", 1}, 1, command),
            "4 silos, but mpirun started 1 process: start with  mpirun --oversubscribe --bind-to none -np 4 "
            "/bin/crossilo train a.ini");
  EXPECT_EQ(launch_mismatch(4, 8, Launch{"srun", 8}, 1, command),
            "4 silos, but srun started 8 processes: under Slurm start with  srun --mpi=pmix -K --wait=0 -n 4 "
            "/bin/crossilo train "
            "a.ini");
  EXPECT_EQ(launch_mismatch(4, 1, Launch{"srun", 4}, 1, command),
            "srun started 4 processes, but MPI joined 1 of them: start with  srun --mpi=pmix -K --wait=0 -n 4 "
            "/bin/crossilo train "
            "a.ini, with the launcher of the MPI that crossilo was built with");
}

TEST(Guard, ABatchScriptAndAJobOfSeveralGroupsAreToldOfSrun) {
  const std::string command = "/bin/crossilo train a.ini";
  EXPECT_EQ(launch_mismatch(4, 1, std::nullopt, 1, command),
            "4 silos, but one process was started: under Slurm start with  srun --mpi=pmix -K --wait=0 -n 4 "
            "/bin/crossilo train "
            "a.ini");
  EXPECT_EQ(launch_mismatch(4, 2, Launch{"mpirun", 2}, 3, command),
            "4 silos, but mpirun started 2 processes: it sees the first of the 3 groups of this job only "
            "(docs/clusters.md); start with  srun --mpi=pmix -K --wait=0 --het-group=0,1,2 /bin/crossilo train a.ini");
  EXPECT_EQ(
      launch_mismatch(4, 2, Launch{"srun", 2}, 2, command),
      "4 silos, but srun started 2 processes: under Slurm start with  srun --mpi=pmix -K --wait=0 --het-group=0,1 "
      "/bin/crossilo train a.ini");
}

TEST(Guard, KnowsTheGroupsOfAJob) {
  const auto groups_in = [](std::map<std::string, std::string> variables) {
    return slurm_groups([=](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  };
  EXPECT_EQ(groups_in({}), 0);
  EXPECT_EQ(groups_in({{"SLURM_JOB_ID", "7"}}), 1);
  EXPECT_EQ(groups_in({{"SLURM_JOB_ID", "7"}, {"SLURM_HET_SIZE", "3"}}), 3);
}

TEST(Guard, SrunWithoutPmixIsToldBeforeMpiFails) {
  const auto fault_in = [](std::map<std::string, std::string> variables) {
    return launcher_fault(
        [=](const char* name) {
          const auto found = variables.find(name);
          return found == variables.end() ? nullptr : found->second.c_str();
        },
        "crossilo train a.ini");
  };
  std::map<std::string, std::string> step = {{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}};
  EXPECT_EQ(fault_in(step),
            "srun started 4 processes without PMIx, so MPI cannot join them: start with  srun --mpi=pmix -K --wait=0 "
            "-n 4 crossilo "
            "train a.ini; nothing was started");
  EXPECT_EQ(fault_in({}), "");
  for (const char* joined_by : {"PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_SIZE"}) {
    auto joined = step;
    joined[joined_by] = "0";
    EXPECT_EQ(fault_in(joined), "") << joined_by;
  }
}

TEST(Guard, ThreadsThatShareCoresAreSaidAndTooManyRefused) {
  EXPECT_EQ(crowding({.ranks = 4, .threads = 2, .cores = 8}), "");
  EXPECT_EQ(crowding({.ranks = 40, .threads = 1, .cores = 2}), "");
  EXPECT_EQ(crowding({.ranks = 4, .threads = 4, .cores = 8}),
            "run.threads = 4 in 4 ranks make 16 threads for 8 cores, so they take turns: run.threads = 2 is faster");
  EXPECT_EQ(crowding({.ranks = 1, .threads = 2, .cores = 1}),
            "run.threads = 2 in 1 rank make 2 threads for 1 core, so they take turns: run.threads = 1 is faster");
  EXPECT_NE(crowding({.ranks = 4, .threads = 8, .cores = 8}), "");
  try {
    (void)crowding({.ranks = 4, .threads = 9, .cores = 8});
    ADD_FAILURE() << "not refused";
  } catch (const EnvironmentError& error) {
    EXPECT_STREQ(
        error.what(),
        "run.threads = 9 in 4 ranks make 36 threads for 8 cores; at most 4 to a core are started: run.threads = "
        "8 at most, and 2 is fastest; nothing was started");
  }
}

TEST(Guard, CoresAreCountedAndTheRankIsKnown) {
  EXPECT_GE(usable_cores(), 1);
  const auto rank_in = [](const char* variable) {
    return launched_rank([=](const char* name) { return std::string(name) == variable ? "2" : nullptr; });
  };
  EXPECT_EQ(rank_in("OMPI_COMM_WORLD_RANK"), 2);
  EXPECT_EQ(rank_in("PMI_RANK"), 2);
  EXPECT_EQ(rank_in("PATH"), 0);
}

}  // namespace
}  // namespace crossilo
