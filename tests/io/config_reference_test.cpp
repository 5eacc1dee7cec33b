// Aim: the documentation and the reference configuration say what the table of settings says.
// Method: the files in the repository against the generated texts; the reference through the parser, whole and with one
// key after another switched on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "config_example.hpp"

namespace crossilo {
namespace {

/// Writes the file anew where CROSSILO_WRITE_DOCS is set; says the first line that differs, or nothing.
std::string first_difference(const std::string& path, const std::string& generated) {
  if (std::getenv("CROSSILO_WRITE_DOCS") != nullptr) std::ofstream(path) << generated;
  std::ifstream file(path);
  std::istringstream wanted(generated);
  std::string found_line;
  std::string wanted_line;
  while (true) {
    const bool has_found = static_cast<bool>(std::getline(file, found_line));
    const bool has_wanted = static_cast<bool>(std::getline(wanted, wanted_line));
    if (!has_found && !has_wanted) return "";
    if (has_found != has_wanted || found_line != wanted_line)
      return path +
             " is not as generated (write it anew: CROSSILO_WRITE_DOCS=1 build/check/tests/io/io_config_test)\n" +
             "found:  " + found_line + "\nwanted: " + wanted_line;
  }
}

TEST(ConfigReference, TheDocumentationFollowsTheTable) {
  EXPECT_EQ(first_difference(CROSSILO_SOURCE_DIR "/docs/configuration.md", configuration_reference()), "");
}

TEST(ConfigReference, TheReferenceConfigurationFollowsTheTable) {
  EXPECT_EQ(first_difference(CROSSILO_SOURCE_DIR "/configs/full_reference.ini", reference_configuration()), "");
}

TEST(ConfigReference, TheReferenceParsesAsItStandsAndHoldsEveryKey) {
  const std::string text = reference_configuration();
  EXPECT_EQ(mistakes(text), "none");
  std::size_t keys = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 130u) << line;
    keys += std::regex_search(line, std::regex("^#?[a-z0-9_]+ = ")) ? 1 : 0;
  }
  EXPECT_EQ(keys, all_settings(Config()).size());
}

TEST(ConfigReference, EachKeyCanBeSwitchedOn) {
  const std::string text = reference_configuration();
  const std::regex key("\n#([a-z0-9_]+ = )");
  for (std::sregex_iterator found(text.begin(), text.end(), key), end; found != end; ++found) {
    std::string switched = text;
    switched.erase(static_cast<std::size_t>(found->position()) + 1, 1);
    const std::string said = mistakes(switched);
    // A value that is not allowed "is wanted" otherwise; a key that has no effect with the other defaults is only that.
    EXPECT_EQ(said.find("is wanted"), std::string::npos) << said;
    EXPECT_EQ(said.find("no such key"), std::string::npos) << said;
  }
}

TEST(ConfigReference, TheCommandLineKnowsEveryKey) {
  const std::vector<SettingHelp> helps = setting_helps();
  EXPECT_EQ(helps.size(), all_settings(Config()).size());
  for (const SettingHelp& help : helps) EXPECT_FALSE(help.allowed.empty() || help.meaning.empty()) << help.name;
  EXPECT_EQ(setting_suggestion("train.learning_rte"), "did you mean train.learning_rate?");
}

}  // namespace
}  // namespace crossilo
