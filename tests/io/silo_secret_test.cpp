// Aim: a silo's secret is made once, kept private and refused when it is not.
// Method: a temporary folder; read twice, then loosen the mode and shorten the file.
#include "crossilo/io/silo_secret.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

class SiloSecret : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/crossilo_secret_XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(SiloSecret, is_made_once_and_differs_between_silos) {
  const Key256 first = read_or_create_secret(folder_ + "/a");
  EXPECT_EQ(read_or_create_secret(folder_ + "/a"), first);
  EXPECT_NE(read_or_create_secret(folder_ + "/b"), first);
  struct stat facts {};
  ASSERT_EQ(::stat((folder_ + "/a/secret").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(SiloSecret, that_others_may_read_is_refused) {
  (void)read_or_create_secret(folder_);
  ASSERT_EQ(::chmod((folder_ + "/secret").c_str(), 0644), 0);
  EXPECT_THROW((void)read_or_create_secret(folder_), EnvironmentError);
}

TEST_F(SiloSecret, of_the_wrong_size_is_refused) {
  (void)read_or_create_secret(folder_);
  std::filesystem::resize_file(folder_ + "/secret", 31);
  EXPECT_THROW((void)read_or_create_secret(folder_), EnvironmentError);
}

}  // namespace
}  // namespace crossilo
