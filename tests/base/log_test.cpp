// Aim: a log line names silo and round, goes where it should, and a log that cannot be opened says so.
// Method: logs into files of a temporary folder and captures stderr.
#include "crossilo/base/log.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Log, NamesSiloAndRoundOnStderrAndInTheFile) {
  const std::string file = testing::TempDir() + "log_test.log";
  std::remove(file.c_str());
  testing::internal::CaptureStderr();
  open_log({.silo = "va", .stderr_level = LogLevel::error, .file = file});
  log_debug("opened");
  set_log_round(RoundIndex{17});
  log_warning("slow");
  log_error("lost {}");  // braces are text, not a format
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "silo va, round 17: lost {}\n");
  const std::string text = read(file);
  EXPECT_NE(text.find("Z debug silo va: opened\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Z warning silo va, round 17: slow\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Z error silo va, round 17: lost {}\n"), std::string::npos) << text;
}

TEST(Log, SaysWhichFileCannotBeOpened) {
  try {
    open_log({.silo = "va", .file = "/proc/no-such-folder/va.log"});
    FAIL() << "a log in /proc was opened";
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find("/proc/no-such-folder/va.log"), std::string::npos);
  }
}

}  // namespace
}  // namespace crossilo
