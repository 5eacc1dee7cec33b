// Aim: the verdict over a run that left no outcome follows from the ranks' marks alone.
// Method: status files written by hand, one set for each way in which a run can end.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/supervisor.hpp"

namespace crossilo {
namespace {

constexpr int kExitedWith1 = 1 << 8;  // as wait() codes it

class Judge : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(parent_); }

  /// The verdict over ranks whose files end with `marks`.
  Outcome verdict(const std::vector<std::string>& marks, const RunEnd& end) {
    const RunFolder folder = RunFolder::create(parent_, "run");
    for (std::size_t rank = 0; rank < marks.size(); ++rank) {
      const std::string id = std::to_string(rank);
      write_file_atomically(folder.file("ranks/" + id),
                            "rank " + id + "\nsilo s" + id + "\nhost n4\npid 1\nrunning\n" + marks[rank]);
    }
    return judge(folder, 3, end).outcome;
  }

  const std::string parent_ = testing::TempDir() + "crossilo_judge_" + std::to_string(::getpid());
};

TEST_F(Judge, NamesEveryRankThatDiedByItself) {
  const Outcome outcome = verdict({"round 3\nT", "round 4\n", ""}, {.launcher_status = kExitedWith1});
  EXPECT_EQ(outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(outcome.silo, "s1, s2");
  EXPECT_EQ(outcome.text.find("silo s1 (rank 1, host n4) died in round 4 (no answer, its process is gone); silo s2 "
                              "(rank 2, host n4) died before the first round (no answer, its process is gone); "),
            0u)
      << outcome.text;
}

TEST_F(Judge, NamesTheSiteWhereThereAreSeveral) {
  const RunFolder folder = RunFolder::create(parent_, "run");
  RankStatusFile(folder, {.rank = 0, .silos = "s0", .host = "n4", .site = "north"}).write_running();
  RankStatusFile other(folder, {.rank = 1, .silos = "s1", .host = "n5", .site = "south"});
  other.write_running();
  other.write_finished();
  const Outcome outcome = judge(folder, 2, {.launcher_status = kExitedWith1}).outcome;
  EXPECT_EQ(outcome.text.find("silo s0 (rank 0, host n4, site north) died before the first round"), 0u) << outcome.text;
}

TEST_F(Judge, ASiloThatDiesWhileOthersStartIsNamed) {
  EXPECT_EQ(verdict({"T", ""}, {.launcher_status = kExitedWith1}).silo, "s1");
}

TEST_F(Judge, BlamesNobodyWhenMpirunWasKilled) {
  const Outcome outcome = verdict({"round 1\n", "round 1\n", "round 1\n"}, {.launcher_status = SIGKILL});
  EXPECT_EQ(outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(outcome.silo, "");
  EXPECT_NE(outcome.text.find("mpirun was ended by signal 9"), std::string::npos) << outcome.text;
}

TEST_F(Judge, TellsAnEndFromOutsideFromAnEndThatTheUserInsistedOn) {
  EXPECT_EQ(verdict({"T", "T", "T"}, {.launcher_status = kExitedWith1}).exit_code, ExitCode::terminated);
  EXPECT_EQ(verdict({"T", "", "T"}, {.launcher_status = SIGKILL, .signal = SIGINT}).exit_code, ExitCode::interrupted);
  EXPECT_EQ(verdict({"T", "", "T"}, {.launcher_status = SIGKILL, .signal = SIGTERM}).exit_code, ExitCode::terminated);
}

TEST_F(Judge, SaysOfAnEndInsistedOnWhetherModelsAreSaved) {
  EXPECT_NE(verdict({"", "", ""}, {.signal = SIGINT}).text.find("and no model was saved"), std::string::npos);
  const RunFolder folder = RunFolder::create(parent_, "run");
  write_file_atomically(folder.file("model/last.safetensors"), "");
  EXPECT_NE(judge(folder, 3, {.signal = SIGINT}).outcome.text.find("before are saved"), std::string::npos);
}

TEST_F(Judge, CountsTheRanksThatBegan) {
  const Outcome never = verdict({}, {.launcher_status = kExitedWith1});
  EXPECT_EQ(never.exit_code, ExitCode::environment);
  EXPECT_NE(never.text.find("mpirun ended with code 1 when only 0 of 3 ranks had begun"), std::string::npos);
  const Outcome refused = verdict({}, {.launcher_status = kExitedWith1, .refusal = "There are not enough slots"});
  EXPECT_EQ(refused.exit_code, ExitCode::environment);
  EXPECT_NE(refused.text.find("would not start 3 ranks: There are not enough slots;"), std::string::npos);
  EXPECT_EQ(verdict({"T", "T"}, {.began_too_late = true}).exit_code, ExitCode::environment);
  EXPECT_EQ(verdict({"finished\n", "finished\n", "finished\n"}, {}).exit_code, ExitCode::internal);
}

}  // namespace
}  // namespace crossilo
