// Aim: a start goes on with the run it should, alone in its folder, from the newest checkpoint that any rank has.
// Method: run folders with made-up manifests; locks of forked processes; ranks on LocalCommunicator with folders apart.
#include "crossilo/io/resume.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/run_lock.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;

Hash256 hash(int value) { return {static_cast<std::byte>(value)}; }

class ResumeTest : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(parent_); }
  void TearDown() override { fs::remove_all(parent_); }

  /// A run of those settings that ended so; nothing: killed.
  [[nodiscard]] RunFolder run(int settings, std::optional<ExitCode> ended) const {
    const RunFolder folder = RunFolder::create(parent_, "heart");
    write_manifest(folder, {.name = "heart",
                            .settings = hash(settings),
                            .silos = {"a", "b"},
                            .libraries = {{"MPI", "4.1.4"}},
                            .starts = {{.started_unix_seconds = 1.5,
                                        .from_round = {3},
                                        .version = "0.1.0",
                                        .command = "crossilo train \"x.ini\"",
                                        .ranks = {{.rank = 1, .host = "n1", .silos = {"b"}}},
                                        .missing = {"a"}}},
                            .relaunches = {{.unix_seconds = 2.5, .why = "silo a died", .missing = {"a"}}}});
    if (ended) end_in_manifest(folder, {.exit_code = *ended, .text = "because", .silo = "b"});
    return folder;
  }
  [[nodiscard]] std::string chosen(int settings) const { return choose_run(parent_, "heart", hash(settings)).path; }

  const std::string parent_ = testing::TempDir() + "crossilo_resume_test";
};

TEST_F(ResumeTest, a_manifest_comes_back) {
  const RunFolder folder = run(1, ExitCode::peer_lost);
  const auto manifest = read_manifest(folder);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->settings, hash(1));
  EXPECT_EQ(manifest->status(), "a silo was lost");
  EXPECT_EQ(manifest->libraries.front().second, "4.1.4");
  ASSERT_EQ(manifest->starts.size(), 1u);
  const ManifestStart& start = manifest->starts.front();
  EXPECT_EQ(start.from_round.value, 3u);
  EXPECT_EQ(start.command, "crossilo train \"x.ini\"");
  EXPECT_EQ(start.ranks.front().silos, std::vector<std::string>{"b"});
  EXPECT_EQ(start.missing, std::vector<std::string>{"a"});
  EXPECT_EQ(start.outcome->silo, "b");
  ASSERT_EQ(manifest->relaunches.size(), 1u);
  EXPECT_EQ(manifest->relaunches.front().why, "silo a died");
  EXPECT_EQ(manifest->relaunches.front().unix_seconds, 2.5);
  EXPECT_EQ(manifest->relaunches.front().missing, std::vector<std::string>{"a"});
  EXPECT_GT(start.ended_unix_seconds.value_or(0.0), 1e9);
  std::string text = read_file_if_there(folder.file("manifest.json")).value();
  std::ofstream(folder.file("manifest.json")) << text.replace(text.find("sha256\": \"01") + 11, 1, "x");
  EXPECT_THROW(static_cast<void>(read_manifest(folder)), StorageError) << "a settings hash that is none";
  std::ofstream(folder.file("manifest.json")) << R"({"format": 2})";
  EXPECT_THROW(static_cast<void>(read_manifest(folder)), StorageError);
}

TEST_F(ResumeTest, goes_on_with_the_newest_unfinished_run_of_the_same_settings) {
  EXPECT_EQ(chosen(1), "");
  static_cast<void>(run(1, ExitCode::success));
  static_cast<void>(run(1, ExitCode::diverged));
  EXPECT_EQ(chosen(1), "") << "what ended for good, or would end so again, is not gone on with";
  for (const auto ended :
       {std::optional(ExitCode::data), std::optional(ExitCode::environment), std::optional(ExitCode::peer_lost),
        std::optional(ExitCode::storage), std::optional(ExitCode::requeue), std::optional(ExitCode::interrupted),
        std::optional(ExitCode::terminated), std::optional<ExitCode>()}) {
    const std::string path = run(1, ended).path();
    EXPECT_EQ(chosen(1), path);
  }
  const std::string newest = chosen(1);
  static_cast<void>(run(2, std::nullopt));
  EXPECT_EQ(chosen(1), newest) << "other settings";
  std::ofstream(run(1, std::nullopt).file("manifest.json")) << "no JSON";
  EXPECT_EQ(chosen(1), newest);
}

TEST_F(ResumeTest, a_start_that_failed_before_it_was_noted_changes_no_other) {
  const RunFolder folder = run(1, ExitCode::requeue);
  end_in_manifest(folder, {.exit_code = ExitCode::environment, .text = "no mpirun", .silo = ""});
  EXPECT_EQ(read_manifest(folder)->starts.back().outcome->exit_code, ExitCode::requeue);
  EXPECT_EQ(chosen(1), folder.path());
}

TEST_F(ResumeTest, takes_the_run_that_is_named_or_says_why_not) {
  const RunFolder folder = run(1, ExitCode::success);
  EXPECT_EQ(take_run(folder.path(), hash(1)).path, folder.path());
  EXPECT_THROW(static_cast<void>(take_run(folder.path(), hash(2))), ConfigError);
  EXPECT_THROW(static_cast<void>(take_run(parent_ + "/nowhere", hash(1))), ConfigError);
  fs::remove(folder.file("manifest.json"));
  EXPECT_THROW(static_cast<void>(take_run(folder.path(), hash(1))), ConfigError);
}

// Faults 21 and 24.
TEST_F(ResumeTest, a_folder_belongs_to_one_job_until_that_ends) {
  const RunFolder folder = run(1, std::nullopt);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const RunLock lock(folder.path(), "one");
    char byte = lock.is_held() ? 'y' : 'n';
    (void)!::write(ready[1], &byte, 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  try {
    EXPECT_FALSE(RunLock(folder.path(), "one").is_held()) << "another rank of that job";
    const RunLock second(folder.path(), "two");
    ADD_FAILURE() << "two jobs in one folder";
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(child)), std::string::npos) << error.what();
  }
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(RunLock(folder.path(), "two").is_held());
}

TEST_F(ResumeTest, is_not_refused_for_one_who_only_looks) {
  const RunFolder folder = run(1, std::nullopt);
  { const RunLock lock(folder.path(), "one"); }
  const int reader = ::open((folder.path() + "/lock").c_str(), O_RDONLY);
  ASSERT_EQ(::flock(reader, LOCK_SH | LOCK_NB), 0);
  std::thread leaves([reader] {
    ::usleep(100'000);
    ::close(reader);
  });
  EXPECT_TRUE(RunLock(folder.path(), "two").is_held());
  leaves.join();
}

std::vector<std::byte> sealed(std::uint32_t round) {
  const std::vector<float> model(5000000, static_cast<float>(round));  // more than one message
  const FederatedRows rows;
  FederationState state{
      .round = {round}, .parameters = model, .best_parameters = std::span(model).first(1), .rows = &rows};
  return seal_checkpoint(state, {}, "");
}

// Fault 19.
TEST(ShareNewest, the_newest_wins_and_reaches_all) {
  const std::vector<std::byte> old = sealed(3);
  const std::vector<std::byte> fresh = sealed(4);
  const std::vector<const std::vector<std::byte>*> own{&old, nullptr, &fresh, &fresh};
  run_local_ranks({.size = 4, .seed = 2}, [&](Communicator& communicator) {
    const auto* const bytes = own.at(static_cast<std::size_t>(communicator.rank()));
    std::optional<CheckpointFolder::Found> found;
    if (bytes != nullptr)
      found = {.round = {bytes == &old ? 3U : 4U}, .file = "f", .seal = require_sealed(*bytes, "f"), .sealed = *bytes};
    EXPECT_EQ(share_newest(communicator, std::move(found), {.seconds = 5.0, .step = "resume"}), fresh);
  });
  run_local_ranks({.size = 3, .seed = 2}, [&](Communicator& communicator) {
    EXPECT_FALSE(share_newest(communicator, std::nullopt, {.seconds = 5.0, .step = "resume"}));
  });
}

}  // namespace
}  // namespace crossilo
