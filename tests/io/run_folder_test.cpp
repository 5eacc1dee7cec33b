// Aim: every run gets a folder of its own, the first outcome stands, and status files tell who died by itself.
// Method: folders under a temporary one; ranks as forked processes that are killed, terminated or end in order.
#include "crossilo/io/run_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <thread>

#include "crossilo/io/append_file.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/signals.hpp"

namespace {
bool has_hard_links = true;
}

/// Takes the C library's place, so that a file system without hard links can be played.
extern "C" int link(const char* from, const char* to) noexcept {
  if (has_hard_links) return ::linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
  errno = EPERM;
  return -1;
}

namespace crossilo {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(parent_); }
  void TearDown() override { std::filesystem::remove_all(parent_); }
  const std::string parent_ = testing::TempDir() + "crossilo_run_folder_test";
};

TEST_F(RunFolderTest, CountsOn) {
  EXPECT_EQ(RunFolder::create(parent_, "heart").path(), parent_ + "/heart-1");
  std::filesystem::create_directory(parent_ + "/heart-7");
  std::filesystem::create_directory(parent_ + "/heart-9x");
  std::filesystem::create_directory(parent_ + "/heartbeat-20");
  EXPECT_EQ(RunFolder::create(parent_, "heart").path(), parent_ + "/heart-8");
  EXPECT_TRUE(std::filesystem::is_directory(parent_ + "/heart-8/logs"));
}

TEST_F(RunFolderTest, IsNeverSharedByTwoRuns) {
  std::vector<std::string> paths(16);
  std::vector<std::thread> threads;
  for (std::string& path : paths) threads.emplace_back([&] { path = RunFolder::create(parent_, "heart").path(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
}

TEST_F(RunFolderTest, RefusesAFolderThatIsNone) {
  EXPECT_THROW(RunFolder("/tmp"), StorageError);
  EXPECT_THROW((void)RunFolder::create("/proc/x", "heart"), StorageError);
}

TEST_F(RunFolderTest, IsMadeWholeOnAHostThatDoesNotSeeIt) {
  const std::string path = parent_ + "/here/runs/heart-3";
  const RunFolder folder = RunFolder::create_at(path);
  EXPECT_EQ(RunFolder::create_at(path).path(), folder.path());  // the first rank's own
  for (const char* inner : {"ranks", "logs", "model"}) EXPECT_TRUE(std::filesystem::is_directory(folder.file(inner)));
  EXPECT_THROW((void)RunFolder::create_at("/proc/x/heart-3"), StorageError);
}

TEST_F(RunFolderTest, FilesFollowTheUmaskUnlessTheyAreTheOwnersAlone) {
  std::filesystem::create_directory(parent_);
  const mode_t before = ::umask(027);
  write_file_atomically(parent_ + "/shared", "x");
  write_file_atomically(parent_ + "/own", "x", Existing::replace, 0600);
  ::umask(before);
  const auto mode_of = [](const std::string& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode_of(parent_ + "/shared"), 0640u);
  EXPECT_EQ(mode_of(parent_ + "/own"), 0600u);
}

TEST_F(RunFolderTest, KeepsTheFirstOutcome) {
  const RunFolder folder = RunFolder::create(parent_, "heart");
  EXPECT_FALSE(folder.read_outcome());
  EXPECT_TRUE(folder.write_outcome({ExitCode::data, "silo va: \"x\" \xff", "va"}));
  EXPECT_FALSE(folder.write_outcome({ExitCode::peer_lost, "silo va has not answered", "va"}));
  const auto outcome = RunFolder(folder.path()).read_outcome();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, ExitCode::data);
  EXPECT_EQ(outcome->text, "silo va: \"x\" \xef\xbf\xbd");
  EXPECT_EQ(outcome->silo, "va");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 4);  // no temporary file is left
}

TEST_F(RunFolderTest, KeepsTheFirstOutcomeWithoutHardLinks) {
  has_hard_links = false;
  const RunFolder folder = RunFolder::create(parent_, "heart");
  EXPECT_TRUE(folder.write_outcome({ExitCode::data, "first", "va"}));
  EXPECT_FALSE(folder.write_outcome({ExitCode::peer_lost, "second", "va"}));
  has_hard_links = true;
  EXPECT_EQ(folder.read_outcome().value().text, "first");
}

TEST_F(RunFolderTest, ReportsAnOutcomeThatCannotBeUnderstood) {
  const RunFolder folder = RunFolder::create(parent_, "heart");
  write_file_atomically(folder.file("outcome.json"), "{\"exit_code\": ");
  EXPECT_THROW((void)folder.read_outcome(), StorageError);
  for (const char* number : {"1e300", "-3000000000", "0.5", "\"5\"", "null"}) {
    write_file_atomically(folder.file("outcome.json"),
                          std::string("{\"exit_code\":") + number + R"(,"text":"","silo":""})");
    EXPECT_THROW((void)folder.read_outcome(), StorageError) << number;
  }
}

/// A rank in a process of its own, which ends in its own way in round 2.
template <class End>
void rank_that(const RunFolder& folder, int rank, End end) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    install_stop_handlers();
    RankStatusFile status(folder, {rank, "silo" + std::to_string(rank), "n4"});
    mark_termination_in(status.descriptor());
    status.write_running();
    status.write_round(RoundIndex{1});
    status.write_round(RoundIndex{2});
    end(status);
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(RunFolderTest, TellsWhoDiedByItself) {
  const RunFolder folder = RunFolder::create(parent_, "heart");
  rank_that(folder, 10, [](RankStatusFile&) { ::raise(SIGKILL); });
  rank_that(folder, 2, [](RankStatusFile&) { ::_exit(7); });
  rank_that(folder, 0, [](RankStatusFile& status) { status.write_finished(); });
  rank_that(folder, 1, [](RankStatusFile& status) {
    ::raise(SIGTERM);
    status.write_round(RoundIndex{3});
    ::raise(SIGTERM);  // ends it at once
    status.write_round(RoundIndex{4});
  });
  rank_that(folder, 3, [](RankStatusFile& status) {
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    if (stop_wishes() == 2 && stop_signal() == SIGUSR1) status.write_finished();
  });
  write_file_atomically(folder.file("ranks/11"), "rank 11\nsilo x\nho");  // still being written
  const auto statuses = read_rank_statuses(folder);
  ASSERT_EQ(statuses.size(), 5u);
  const std::vector<int> ranks{0, 1, 2, 3, 10};
  const std::vector<bool> died{false, false, true, false, true};
  const std::vector<std::uint32_t> rounds{2, 3, 2, 2, 2};
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    EXPECT_EQ(statuses[i].identity.rank, ranks[i]);
    EXPECT_EQ(statuses[i].died(), died[i]) << "rank " << ranks[i];
    EXPECT_EQ(statuses[i].round.value, rounds[i]) << "rank " << ranks[i];
    EXPECT_EQ(statuses[i].identity.host, "n4");
    EXPECT_GT(statuses[i].pid, 0);
  }
  EXPECT_TRUE(statuses[1].terminated);
}

TEST_F(RunFolderTest, MetricsAreOneObjectALine) {
  const RunFolder folder = RunFolder::create(parent_, "heart");
  AppendFile metrics(folder.file("metrics.jsonl"));
  metrics.append(continued_line("", {{"round", std::int64_t{1}}, {"loss", 0.5}, {"noise", "none"}}));
  metrics.append(
      continued_line(json_line({{"round", std::int64_t{2}}}), {{"loss", std::numeric_limits<double>::quiet_NaN()}}));
  EXPECT_EQ(read_file_if_there(folder.file("metrics.jsonl")).value(),
            "{\"round\":1,\"loss\":0.5,\"noise\":\"none\"}\n{\"round\":2,\"loss\":null}\n");
}

TEST_F(RunFolderTest, MetricsAreCutByLinesThatTellTheirRound) {
  const RunFolder folder = RunFolder::create(parent_, "heart");
  const std::string kept = "{\"round\":1}\n{\"loss\":0.5,\"round\":2}\n";
  write_file_atomically(folder.file("metrics.jsonl"),
                        kept + "{\"round\":3}\n{\"round\":\"1\"}\n{\"round\":-1}\n{\"loss\":1}\n[1]\n{\"round\":");
  cut_metrics(folder.file("metrics.jsonl"), 3);
  EXPECT_EQ(read_file_if_there(folder.file("metrics.jsonl")).value(), kept);
}

TEST_F(RunFolderTest, ADiskThatIsFullIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  AppendFile metrics("/dev/full");
  EXPECT_THROW(metrics.append("line\n"), StorageError);
}

}  // namespace
}  // namespace crossilo
