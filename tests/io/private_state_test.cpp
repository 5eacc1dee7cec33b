// Aim: a silo's remainder comes back with every bit and only to its own generation, or it is told why not.
// Method: written, read back, and damaged at every byte.
#include "crossilo/io/private_state.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;

class PrivateState : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  static Generation generation(std::uint32_t round, std::uint8_t chain = 1) {
    Generation result{.run = "heart-1", .round = {round}};
    result.chain.fill(std::byte{chain});
    return result;
  }
  std::string file(std::uint32_t round) const {
    return folder_ + "/heart-1.round-" + std::to_string(round) + ".remainder";
  }
  std::optional<std::vector<float>> find(const Generation& generation) {
    return find_remainder(folder_, generation, [this](const std::string& text) { warning_ = text; });
  }

  std::string folder_ = fs::temp_directory_path() / ("private_state_" + std::to_string(::getpid()));
  std::string warning_;
  const std::vector<float> remainder_ = {0.25f, -1e-30f, 3.0f};
};

TEST_F(PrivateState, comes_back_with_every_bit_and_is_its_owners_alone) {
  keep_remainder(folder_, generation(10), remainder_);
  EXPECT_EQ(find(generation(10)), remainder_);
  keep_remainder(folder_, generation(20), {});  // a silo that has not trained yet
  EXPECT_EQ(find(generation(20)), std::vector<float>());
  struct stat facts {};
  ASSERT_EQ(::stat(file(10).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 077, 0u);
}

TEST_F(PrivateState, of_another_course_of_the_run_is_not_taken) {
  keep_remainder(folder_, generation(10, 1), remainder_);
  EXPECT_FALSE(find(generation(10, 2)));
  EXPECT_NE(warning_.find("another course"), std::string::npos) << warning_;
  EXPECT_FALSE(find(generation(11)));
  EXPECT_NE(warning_.find("round-11.remainder: is not there"), std::string::npos) << warning_;
}

TEST_F(PrivateState, is_refused_after_any_changed_byte_and_any_cut) {
  keep_remainder(folder_, generation(10), remainder_);
  std::ifstream in(file(10), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto is_taken = [&](const std::string& bytes) {
    std::ofstream(file(10), std::ios::binary) << bytes;
    return find(generation(10)).has_value();
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(is_taken(damaged)) << i;
    EXPECT_FALSE(is_taken(whole.substr(0, i))) << i;
  }
  EXPECT_TRUE(is_taken(whole));
}

TEST_F(PrivateState, keeps_the_last_five_and_none_from_behind_a_round_that_is_done_again) {
  for (std::uint32_t round = 10; round <= 80; round += 10) keep_remainder(folder_, generation(round), remainder_);
  EXPECT_FALSE(fs::exists(file(30)));
  EXPECT_TRUE(fs::exists(file(40)));
  keep_remainder(folder_, generation(55), remainder_);
  EXPECT_FALSE(fs::exists(file(60)));
  EXPECT_TRUE(fs::exists(file(55)));
}

TEST_F(PrivateState, that_cannot_be_written_is_an_error) {
  EXPECT_THROW(keep_remainder(folder_ + "/nowhere", generation(1), remainder_), StorageError);
}

}  // namespace
}  // namespace crossilo
