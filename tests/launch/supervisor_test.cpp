// Aim: whatever becomes of a rank, the supervisor returns, names the silo, gives the right exit code, leaves nothing.
// Method: a real mpirun with three ranks of rank_program, which end in different ways; signals to a forked supervisor.
#include "crossilo/launch/supervisor.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "../../src/launch/process_tree.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/rank_status.hpp"

namespace crossilo {
namespace {

constexpr int kRanks = 3;

/// With a blank, which the printed line has to quote.
const std::string& parent_folder() {
  static const std::string folder = testing::TempDir() + "crossilo supervisor " + std::to_string(::getpid());
  return folder;
}

RunFolder new_folder() { return RunFolder::create(parent_folder(), "run"); }

SupervisorOptions options_for(const std::string& way) {
  return {.program = CROSSILO_RANK_PROGRAM, .arguments = {way}, .ranks = kRanks, .grace_seconds = 2.0};
}

bool is_alive(long pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0; }

void expect_nothing_left(const RunFolder& folder) {
  const auto statuses = read_rank_statuses(folder);
  EXPECT_EQ(statuses.size(), static_cast<std::size_t>(kRanks));
  for (const RankStatus& status : statuses) EXPECT_FALSE(is_alive(status.pid)) << status.identity.silos;
}

SupervisedEnd run(const std::string& way, const RunFolder& folder) {
  const SupervisedEnd end = Supervisor().run(options_for(way), folder);
  expect_nothing_left(folder);
  return end;
}

/// A supervisor in a process of its own, whose exit code is the outcome's.
class ForkedSupervisor {
 public:
  ForkedSupervisor(const std::string& way, const RunFolder& folder) : folder_(folder), pid_(::fork()) {
    if (pid_ != 0) return;
    ::signal(SIGINT, SIG_DFL);  // a shell's background jobs ignore it
    ::_exit(static_cast<int>(Supervisor().run(options_for(way), folder).outcome.exit_code));
  }
  void signal(int signal) const { ::kill(pid_, signal); }
  /// Waits until all ranks have begun and gone as far as round 1.
  void await_ranks() const {
    for (int look = 0; look < 3000; ++look) {
      const auto statuses = read_rank_statuses(folder_);
      if (statuses.size() == kRanks && statuses[0].round.value >= 1) return;
      ::usleep(10'000);
    }
    FAIL() << "the ranks did not begin";
  }
  [[nodiscard]] int wait() const {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  const RunFolder& folder_;
  pid_t pid_;
};

class Supervising : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(parent_folder()); }
};

TEST_F(Supervising, PrintsTheLineAndPassesTheRanksWordsOn) {
  const RunFolder folder = new_folder();
  ::unsetenv("OMP_NUM_THREADS");
  testing::internal::CaptureStdout();
  const SupervisedEnd end = run("ends", folder);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(end.outcome.exit_code, ExitCode::success);
  EXPECT_NE(printed.find(" -np 3 " CROSSILO_RANK_PROGRAM " ends --run_folder '"), std::string::npos) << printed;
  for (const char* rank : {"rank 0", "rank 1", "rank 2"})
    EXPECT_NE(printed.find(std::string(rank) + " says goodbye, OMP_NUM_THREADS = 1\n"), std::string::npos) << printed;
}

TEST_F(Supervising, NamesTheSiloThatWasKilled) {
  const RunFolder folder = new_folder();
  const SupervisedEnd end = run("killed", folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(end.outcome.silo, "va") << end.outcome.text;
  EXPECT_EQ(end.outcome.text.find("silo va (rank 1, host h) died in round 2 (no answer, its process is gone); "), 0u)
      << end.outcome.text;
  EXPECT_FALSE(end.is_of_a_rank);
  ASSERT_TRUE(folder.read_outcome().has_value()) << "a killed rank writes none, so the supervisor does";
  EXPECT_EQ(folder.read_outcome()->silo, "va");
  EXPECT_EQ(folder.read_outcome()->exit_code, ExitCode::peer_lost);
}

TEST_F(Supervising, NamesTheSiloThatLeft) {
  const RunFolder folder = new_folder();
  const SupervisedEnd end = run("exits", folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(end.outcome.silo, "va") << end.outcome.text;
}

TEST_F(Supervising, BelievesTheOutcomeOfTheRankThatFailed) {
  const RunFolder folder = new_folder();
  const SupervisedEnd end = run("throws", folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::data);
  EXPECT_EQ(end.outcome.silo, "va");
  EXPECT_TRUE(end.is_of_a_rank);
}

TEST_F(Supervising, DoesNotCallASilentEndASuccess) {
  const RunFolder folder = new_folder();
  EXPECT_EQ(run("silent", folder).outcome.exit_code, ExitCode::internal);
}

TEST_F(Supervising, EndsARunThatDoesNotBegin) {
  const RunFolder folder = new_folder();
  SupervisorOptions options = options_for("late");
  options.begin_seconds_max = 1.0;
  const SupervisedEnd end = Supervisor().run(options, folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::environment);
  EXPECT_NE(end.outcome.text.find("of 3 ranks had begun in time"), std::string::npos) << end.outcome.text;
  for (const RankStatus& status : read_rank_statuses(folder)) EXPECT_FALSE(is_alive(status.pid));
}

TEST_F(Supervising, EndsARunThatHasAnOutcomeButDoesNotEnd) {
  const RunFolder folder = new_folder();
  SupervisorOptions options = options_for("hangs");
  options.end_seconds_max = 0.5;
  EXPECT_EQ(Supervisor().run(options, folder).outcome.exit_code, ExitCode::success);
  expect_nothing_left(folder);
}

TEST_F(Supervising, NamesARankThatStandsStillWhenOthersHaveFinished) {
  const RunFolder folder = new_folder();
  SupervisorOptions options = options_for("stands");
  options.end_seconds_max = 2.0;
  const SupervisedEnd end = Supervisor().run(options, folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(end.outcome.silo, "va") << end.outcome.text;
  expect_nothing_left(folder);
}

TEST_F(Supervising, HandsAnInterruptToTheRanksAsAWish) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) {
    const RunFolder folder = new_folder();
    const ForkedSupervisor supervisor("waits", folder);
    supervisor.await_ranks();
    supervisor.signal(signal);
    EXPECT_EQ(supervisor.wait(), 130) << "signal " << signal;
    ASSERT_TRUE(folder.read_outcome().has_value());
    EXPECT_EQ(folder.read_outcome()->text, "by USR1") << "signal " << signal;
    expect_nothing_left(folder);
  }
}

TEST_F(Supervising, HoldsASignalBackUntilTheRanksCanTakeIt) {
  const RunFolder folder = new_folder();
  const ForkedSupervisor supervisor("held", folder);
  for (int look = 0; look < 3000 && read_rank_statuses(folder).size() < kRanks - 1; ++look) ::usleep(10'000);
  supervisor.signal(SIGINT);  // the last rank has not begun: it waits for a file
  ::usleep(1'000'000);        // time to pass it on wrongly
  write_file_atomically(folder.file("go"), "");
  EXPECT_EQ(supervisor.wait(), 130);
  expect_nothing_left(folder);
}

TEST_F(Supervising, EndsRanksThatDoNotListenOnASecondInterrupt) {
  const RunFolder folder = new_folder();
  const ForkedSupervisor supervisor("ignores", folder);
  supervisor.await_ranks();
  supervisor.signal(SIGINT);
  ::usleep(300'000);
  supervisor.signal(SIGTERM);
  EXPECT_EQ(supervisor.wait(), 143);
  ASSERT_TRUE(folder.read_outcome().has_value());
  EXPECT_EQ(folder.read_outcome()->exit_code, ExitCode::terminated);
  expect_nothing_left(folder);
}

TEST_F(Supervising, TakesTheRanksAlongWhenItIsKilled) {
  const RunFolder folder = new_folder();
  const ForkedSupervisor supervisor("ignores", folder);
  supervisor.await_ranks();
  const auto statuses = read_rank_statuses(folder);
  supervisor.signal(SIGKILL);
  EXPECT_EQ(supervisor.wait(), -1);
  bool any_alive = true;
  for (int look = 0; look < 2000 && any_alive; ++look) {
    any_alive = false;
    for (const RankStatus& status : statuses) any_alive = any_alive || is_alive(status.pid);
    if (any_alive) ::usleep(10'000);
  }
  EXPECT_FALSE(any_alive);
}

TEST_F(Supervising, EndsTheRanksOfAnMpirunThatWasKilledAndRemovesTheirSharedMemory) {
  const RunFolder folder = new_folder();
  const ForkedSupervisor supervisor("ignores", folder);
  supervisor.await_ranks();
  const auto statuses = read_rank_statuses(folder);
  // The parent of a rank is mpirun.
  const std::string stat = read_file_if_there("/proc/" + std::to_string(statuses[0].pid) + "/stat").value_or("");
  const long mpirun = std::atol(stat.c_str() + stat.rfind(')') + 4);
  ASSERT_GT(mpirun, 1);
  const std::set<std::string> segments = shared_segments(static_cast<pid_t>(statuses[0].pid));
  EXPECT_FALSE(segments.empty()) << "ranks of one machine share memory";
  ASSERT_EQ(::kill(static_cast<pid_t>(mpirun), SIGKILL), 0);
  EXPECT_EQ(supervisor.wait(), 5);
  expect_nothing_left(folder);
  for (const std::string& segment : segments) EXPECT_FALSE(std::filesystem::exists(segment)) << segment;
}

TEST_F(Supervising, SaysWhatToDoWithoutMpirun) {
  const RunFolder folder = new_folder();
  for (const char* path : {"/no/such/mpirun", "mpirun", "/etc/passwd"}) {
    ::setenv("CROSSILO_MPIRUN", path, 1);
    try {
      (void)Supervisor().run(options_for("ends"), folder);
      ADD_FAILURE() << path << " was started";
    } catch (const EnvironmentError& error) {
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    }
  }
  ::unsetenv("CROSSILO_MPIRUN");
}

TEST_F(Supervising, SaysWhereTheProgramFailsToStart) {
  const RunFolder folder = new_folder();
  SupervisorOptions options = options_for("ends");
  options.program = "/bin/false";
  const SupervisedEnd end = Supervisor().run(options, folder);
  EXPECT_EQ(end.outcome.exit_code, ExitCode::environment);
  EXPECT_NE(end.outcome.text.find("only 0 of 3 ranks had begun"), std::string::npos) << end.outcome.text;
}

TEST_F(Supervising, IsNotStartedUnderAnotherLauncher) {
  const RunFolder folder = new_folder();
  ::setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  EXPECT_THROW((void)Supervisor().run(options_for("ends"), folder), EnvironmentError);
  ::unsetenv("OMPI_COMM_WORLD_SIZE");
}

TEST_F(Supervising, LeavesNpOut) {
  EXPECT_EQ(without_option({"train", "--np", "4", "c.ini", "--np=8", "--npx", "1"}),
            (std::vector<std::string>{"train", "c.ini", "--npx", "1"}));
  EXPECT_EQ(without_option({"train", "--np"}), std::vector<std::string>{"train"});
}

}  // namespace
}  // namespace crossilo
