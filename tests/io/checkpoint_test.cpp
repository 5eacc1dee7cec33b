// Aim: a checkpoint comes back with every bit, or is refused: after any flipped bit, any cut, any failing or last
// system call of its writer. Method: small states sealed and read back; the C library's calls are replaced and fail, or
// end the process, one by one.
#include "crossilo/io/checkpoint.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace {

enum class Fault { none, error, half_a_write, death };
Fault fault = Fault::none;
int fault_errno = 0;
int calls_until_fault = 0;
int calls = 0;

/// Counts a call; true when this one is to go wrong.
bool goes_wrong() {
  if (fault == Fault::none) return false;
  ++calls;
  if (--calls_until_fault != 0) return false;
  if (fault == Fault::death) ::_exit(9);
  errno = fault_errno;
  return true;
}

}  // namespace

// They take the C library's place.
extern "C" {
ssize_t write(int descriptor, const void* data, size_t size) {
  if (goes_wrong()) {
    if (fault != Fault::half_a_write) return -1;
    fault = Fault::error;  // the other half fails
    calls_until_fault = 1;
    size /= 2;
  }
  const iovec piece{const_cast<void*>(data), size};
  return ::writev(descriptor, &piece, 1);
}
int fsync(int descriptor) { return goes_wrong() ? -1 : ::fdatasync(descriptor); }
int rename(const char* from, const char* to) noexcept {
  return goes_wrong() ? -1 : ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}
}

namespace crossilo {
namespace {

namespace fs = std::filesystem;
constexpr const char* kName = "round-7.h5";
const std::vector<float> kParameters{1.0f, -2.5f, 3.25f};
const std::vector<float> kBest{0.5f, 0.0f, -0.0f};
const std::vector<float> kServer{9.0f, 8.0f, 7.0f};

const FederatedRows kRows{.scaling = {.mean = {1.0, 1.0 / 3.0},
                                      .standard_deviation = {2.0, 0.1},
                                      .target_mean = 4.0,
                                      .target_standard_deviation = 5.0,
                                      .class_rows = {30.0, 70.0}},
                          .held_back_rows = 20.0,
                          .test_rows = 10.0,
                          .cohort = {.silos = {{0}, {2}, {3}}, .weights = {10, 0, 90}}};

FederationState state_of(std::uint32_t round) {
  FederationState state{.round = {round},
                        .chain = {std::byte{7}},
                        .parameters = kParameters,
                        .server = {kServer, kBest},
                        .lanes = {.lane_bits = 16, .bound = 0x1p-7},
                        .judged = {.best_rows = 10.0,
                                   .best_score = {.metric = -0.1, .negative_loss = -0.1},
                                   .reference_score = {.metric = -0.2, .negative_loss = -0.3},
                                   .reference_round = {4},
                                   .last_round = {6}},
                        .best_round = {5},
                        .has_best = true,
                        .best_parameters = kBest,
                        .rows = &kRows,
                        .silos = {{0}, {3}}};
  state.best_evaluation.held_back = {.rows = 10.0, .loss = 1.0 / 3.0, .correct = 7.0};
  state.best_evaluation.held_back.scores.positive[31] = 2.0;
  return state;
}

const CheckpointKeys kKeys{.settings = {std::byte{1}}, .schema = {std::byte{2}}, .model_schema = {std::byte{3}}};

std::vector<std::byte> sealed(std::uint32_t round = 7) {
  return seal_checkpoint(state_of(round), kKeys, "{\"round\":7}");
}

bool is_refused(std::span<const std::byte> bytes) {
  try {
    const Checkpoint checkpoint(bytes, kName);
    return false;
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find(kName), std::string::npos) << error.what();
    return true;
  }
}

TEST(Checkpoint, comes_back_with_every_bit) {
  const Checkpoint checkpoint(sealed(), kName);
  const FederationState expected = state_of(7);
  const FederationState& found = checkpoint.state();
  EXPECT_EQ(found.round, expected.round);
  EXPECT_EQ(found.chain, expected.chain);
  EXPECT_TRUE(std::ranges::equal(found.parameters, kParameters));
  EXPECT_TRUE(std::ranges::equal(found.best_parameters, kBest));
  EXPECT_TRUE(std::signbit(found.best_parameters[2]));
  ASSERT_EQ(found.server.size(), 2u);
  EXPECT_TRUE(std::ranges::equal(found.server[0], kServer));
  EXPECT_EQ(found.lanes.lane_bits, 16u);
  EXPECT_EQ(found.lanes.bound, 0x1p-7);
  EXPECT_EQ(found.judged, expected.judged);
  EXPECT_EQ(found.best_round, expected.best_round);
  EXPECT_TRUE(found.has_best);
  EXPECT_EQ(found.best_evaluation.held_back.loss, 1.0 / 3.0);
  EXPECT_EQ(found.best_evaluation.held_back.scores.positive, expected.best_evaluation.held_back.scores.positive);
  EXPECT_EQ(fingerprint_of(found.rows->scaling), fingerprint_of(kRows.scaling));
  EXPECT_EQ(found.rows->held_back_rows, 20.0);
  EXPECT_EQ(found.rows->test_rows, 10.0);
  EXPECT_EQ(found.rows->cohort.silos, kRows.cohort.silos);
  EXPECT_EQ(found.rows->cohort.weights, kRows.cohort.weights);
  EXPECT_EQ(found.silos, expected.silos);
  EXPECT_EQ(checkpoint.keys(), kKeys);
  EXPECT_EQ(checkpoint.pending_metrics(), "{\"round\":7}");
  EXPECT_EQ(sealed(), sealed());
}

// Fault 17.
TEST(Checkpoint, refuses_every_flipped_bit) {
  std::vector<std::byte> bytes = sealed();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte bit{static_cast<unsigned char>(1U << (i % 8))};
    bytes[i] ^= bit;
    EXPECT_THROW(static_cast<void>(require_sealed(bytes, kName)), StorageError) << "byte " << i;
    bytes[i] ^= bit;
  }
  EXPECT_FALSE(is_refused(bytes));
}

// Fault 16.
TEST(Checkpoint, refuses_every_cut_and_every_tail_of_zeros) {
  const std::vector<std::byte> bytes = sealed();
  for (std::size_t size = 0; size < bytes.size(); size += size < 600 || size + 600 > bytes.size() ? 1 : 97) {
    EXPECT_TRUE(is_refused(std::span(bytes).first(size))) << size;
    std::vector<std::byte> zeros = bytes;
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(size), zeros.end(), std::byte{0});
    EXPECT_EQ(is_refused(zeros), zeros != bytes) << size;
  }
}

// Fault 18.
/// Seals changed bytes anew, as only somebody who means harm would.
void seal_anew(std::vector<std::byte>& bytes) {
  const std::span<const std::byte> rest = std::span(bytes).subspan(512);
  std::string block =
      "crossilo checkpoint 2\nsha256 " + to_hex(sha256(rest)) + "\nbytes " + std::to_string(rest.size()) + "\n";
  block.resize(512);
  std::ranges::copy(std::as_bytes(std::span(block)), bytes.begin());
}

TEST(Checkpoint, refuses_a_round_that_is_none_although_it_is_sealed) {
  for (const double wrong : {-1.0, 1e300, std::nan("")}) {
    std::vector<std::byte> bytes = sealed();
    const std::array<double, 2> judged_rounds{4.0, 6.0};
    const auto place = std::ranges::search(bytes, std::as_bytes(std::span(judged_rounds)));
    ASSERT_FALSE(place.empty());
    std::ranges::copy(std::as_bytes(std::span(&wrong, 1)), place.begin());
    seal_anew(bytes);
    EXPECT_NO_THROW(static_cast<void>(require_sealed(bytes, kName)));
    EXPECT_TRUE(is_refused(bytes)) << wrong;
  }
}

TEST(Checkpoint, refuses_another_run_another_version_and_other_files) {
  const Checkpoint checkpoint(sealed(), kName);
  EXPECT_NO_THROW(checkpoint.require(kKeys, kName));
  for (const auto key : {&CheckpointKeys::settings, &CheckpointKeys::schema, &CheckpointKeys::model_schema}) {
    CheckpointKeys other = kKeys;
    (other.*key)[0] = std::byte{0xab};
    try {
      checkpoint.require(other, kName);
      ADD_FAILURE() << "another run was taken";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("ab00000000000000"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("--resume never"), std::string::npos) << error.what();
    }
  }
  std::vector<std::byte> future = sealed();
  future[20] = std::byte{'3'};  // "crossilo checkpoint 3"
  try {
    static_cast<void>(require_sealed(future, kName));
    ADD_FAILURE() << "another version was taken";
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find("is a \"crossilo checkpoint 3\""), std::string::npos) << error.what();
  }
}

class Folder : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(path_); }
  void TearDown() override {
    fault = Fault::none;
    fs::remove_all(path_);
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(path_))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  [[nodiscard]] std::uint32_t newest() {
    const auto found = CheckpointFolder::newest(path_, [&](const std::string& text) { warnings_.push_back(text); });
    return found ? found->round.value : 0;
  }
  void overwrite(std::uint32_t round, const std::string& bytes) const {
    std::ofstream(path_ + "/round-" + std::to_string(round) + ".h5", std::ios::binary) << bytes;
  }
  const std::string path_ = testing::TempDir() + "crossilo_checkpoint_test";
  std::vector<std::string> warnings_;
};

TEST_F(Folder, holds_files_that_any_HDF5_reads) {
  const CheckpointFolder folder(path_, RoundIndex{0});
  folder.keep({8}, sealed(8));
  const Hdf5File file = Hdf5File::open(path_ + "/round-8.h5");  // behind the user block
  EXPECT_EQ(file.dataset("model/parameters").shape, std::vector<std::size_t>{3});
  EXPECT_EQ(file.integer("/", "round"), 8);
  // The name that messages get may be that of a file, or of the folder.
  for (const std::string& name : {path_, path_ + "/round-8.h5"})
    EXPECT_EQ(Checkpoint(sealed(8), name).state().round.value, 8u);
}

TEST_F(Folder, keeps_the_last_two) {
  EXPECT_EQ(newest(), 0u);
  const CheckpointFolder folder(path_, RoundIndex{0});
  EXPECT_TRUE(files().empty()) << "the probe stays";
  for (const std::uint32_t round : {8U, 9U, 10U}) folder.keep({round}, sealed(round));
  EXPECT_EQ(files(), (std::vector<std::string>{"round-10.h5", "round-9.h5"}));
  EXPECT_EQ(newest(), 10u);
}

TEST_F(Folder, passes_over_a_damaged_one_and_forgets_it) {
  const CheckpointFolder folder(path_, RoundIndex{0});
  for (const std::uint32_t round : {8U, 9U}) folder.keep({round}, sealed(round));
  overwrite(9, "no checkpoint");
  overwrite(12, "");
  std::ofstream(path_ + "/round-13.h5.tmp.1.0") << "left by one that died";
  EXPECT_EQ(newest(), 8u);
  EXPECT_EQ(warnings_.size(), 2u);
  const CheckpointFolder again(path_, RoundIndex{8});
  EXPECT_EQ(files(), (std::vector<std::string>{"round-12.h5.damaged", "round-8.h5", "round-9.h5.damaged"}));
}

// Faults 13 and 14: the error of any system call leaves what was there, and no other file.
TEST_F(Folder, keeps_the_one_before_when_any_call_fails) {
  const CheckpointFolder folder(path_, RoundIndex{0});
  folder.keep({8}, sealed(8));
  const std::vector<std::byte> next = sealed(9);
  int failed = 0;
  for (const Fault kind : {Fault::error, Fault::half_a_write})
    for (const int code : {ENOSPC, EIO, EDQUOT, EROFS})
      for (int call = 1; call < 100; ++call) {
        fs::remove(path_ + "/round-9.h5");
        fault = kind;
        fault_errno = code;
        calls_until_fault = call;
        bool threw = false;
        try {
          folder.keep({9}, next);
        } catch (const StorageError& error) {
          threw = true;
          EXPECT_NE(std::string(error.what()).find(path_), std::string::npos) << error.what();
        }
        fault = Fault::none;
        if (!threw) break;
        ++failed;
        // A failing fsync of the folder comes after the rename: the new one is whole then.
        EXPECT_GE(newest(), 8u);
        for (const std::string& file : files()) EXPECT_EQ(file.find(".tmp."), std::string::npos) << file;
      }
  EXPECT_GE(failed, 4 * 4);
  EXPECT_TRUE(warnings_.empty());
}

// Fault 4.
TEST_F(Folder, has_a_whole_newest_one_wherever_its_writer_dies) {
  const CheckpointFolder folder(path_, RoundIndex{0});
  folder.keep({8}, sealed(8));
  const std::vector<std::byte> next = sealed(9);
  int deaths = 0;
  for (int call = 1; call < 100; ++call) {
    fs::remove(path_ + "/round-9.h5");
    const pid_t child = ::fork();
    if (child == 0) {
      fault = Fault::death;
      calls_until_fault = call;
      folder.keep({9}, next);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 0) break;
    ++deaths;
    EXPECT_GE(newest(), 8u);
    const CheckpointFolder cleaned(path_, RoundIndex{newest()});
    for (const std::string& file : files()) EXPECT_EQ(file.find(".tmp."), std::string::npos) << file;
  }
  EXPECT_GE(deaths, 4) << "write, fsync, rename, fsync of the folder";
  EXPECT_TRUE(warnings_.empty());
}

// Fault 15.
TEST_F(Folder, says_at_once_when_it_cannot_be_written) {
  fs::create_directories(path_);
  std::ofstream(path_ + "/file") << "no folder";
  EXPECT_THROW(CheckpointFolder(path_ + "/file", RoundIndex{0}), StorageError);
  EXPECT_THROW(CheckpointFolder("/proc/crossilo", RoundIndex{0}), StorageError);
  fault = Fault::error;
  fault_errno = EROFS;
  calls_until_fault = 1;
  EXPECT_THROW(CheckpointFolder(path_ + "/new", RoundIndex{0}), StorageError);
}

}  // namespace
}  // namespace crossilo
