// Aim: a silo's secret is made once, kept private and refused when it is not.
// Method: a temporary folder; read twice, then loosen the mode and shorten the file.
#include "crossilo/io/silo_secret.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

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
  const SecretKey first = read_or_create_secret(folder_ + "/a");
  EXPECT_EQ(read_or_create_secret(folder_ + "/a"), first);
  EXPECT_NE(read_or_create_secret(folder_ + "/b"), first);
  struct stat facts {};
  ASSERT_EQ(::stat((folder_ + "/a/secret").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder_ + "/a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
}

TEST_F(SiloSecret, leaves_no_other_file_behind) {
  (void)read_or_create_secret(folder_ + "/a/b");
  const std::filesystem::directory_iterator files(folder_ + "/a/b");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(SiloSecret, a_temporary_file_of_a_crashed_process_is_in_nobodys_way) {
  std::filesystem::create_directories(folder_ + "/a");
  std::ofstream(folder_ + "/a/secret." + std::to_string(::getpid())) << "left over";
  EXPECT_NO_THROW((void)read_or_create_secret(folder_ + "/a"));
}

TEST_F(SiloSecret, a_folder_that_cannot_be_made_is_a_storage_error) {
  std::ofstream(folder_ + "/file") << "no folder";
  EXPECT_THROW((void)read_or_create_secret(folder_ + "/file"), StorageError);
  EXPECT_THROW((void)read_or_create_secret(folder_ + "/file/a"), StorageError);
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
