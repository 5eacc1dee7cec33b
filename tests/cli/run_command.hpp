// Aim: a subcommand run in the test's own process, with what it prints.
// Method: its function is called with arguments as main would hand them over.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace crossilo {

using Arguments = std::vector<std::string>;

inline int run(int (*command)(int, char**), Arguments arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  return command(static_cast<int>(pointers.size()), pointers.data());
}

inline std::string output_of(int (*command)(int, char**), const Arguments& arguments) {
  ::testing::internal::CaptureStdout();
  try {
    EXPECT_EQ(run(command, arguments), 0);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  std::fflush(stdout);
  return ::testing::internal::GetCapturedStdout();
}

}  // namespace crossilo
