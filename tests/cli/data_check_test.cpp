// Aim: `crossilo data check` and `synth` do from the command line what their --help says.
// Method: runs them in this process; a file with other columns among made ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/run_command.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class DataCheck : public ::testing::Test {
 protected:
  [[nodiscard]] std::string output() const { return folder_.path("{silo}.h5"); }
  [[nodiscard]] Arguments with(Arguments more) const {
    more.insert(more.end(), {"--output", output()});
    return more;
  }
  TemporaryFolder folder_;
};

TEST_F(DataCheck, MakesSyntheticDataAndChecksIt) {
  output_of(run_data_synth, with({"--silos", "3", "--alpha", "0", "--beta", "0"}));
  Arguments files;
  for (const char* name : {"silo0", "silo1", "silo2"}) files.push_back(folder_.path(std::string(name).append(".h5")));
  const std::string table = output_of(run_data_check, files);
  EXPECT_HAS(table, "3 files, one schema: 60 columns");
  EXPECT_LE(std::count(table.begin(), table.end(), '\n'), 25);
  files.insert(files.begin(), "--json");
  const auto json = nlohmann::json::parse(output_of(run_data_check, files));
  EXPECT_EQ(json["schema_equal"], true);
  EXPECT_EQ(json["drift"].size(), 130u);  // 10 classes, 60 columns with values and missing values
  EXPECT_GE(json["drift"][0]["worst_difference"], json["drift"][1]["worst_difference"]);
  EXPECT_HAS(error_text<ConfigError>([&] { static_cast<void>(run(run_data_synth, with({}))); }), "--silos is missing");
}

TEST_F(DataCheck, NamesSilosAsARangeOfAConfigurationDoes) {
  output_of(run_data_synth, with({"--silos", "12"}));
  for (int silo = 0; silo < 12; ++silo)  // silos = silo{0..11}
    EXPECT_TRUE(std::filesystem::exists(folder_.path("silo" + std::to_string(silo) + ".h5"))) << silo;
}

TEST_F(DataCheck, PrintsAnyPathAndTellsFilesOfOneNameApart) {
  Arguments files;
  for (const char* name : {"\xff", "b"}) {
    std::filesystem::create_directory(folder_.path(name));
    files.push_back(folder_.path(name) + "/\xfe.h5");
    write_silo_file(files.back(), example_silo());
  }
  EXPECT_HAS(output_of(run_data_check, files), files[0] + "   " + files[1] + " \n");
  files.insert(files.begin(), "--json");
  for (auto* command : {run_data_check, run_data_describe})
    EXPECT_HAS(output_of(command, files), "/b/\xef\xbf\xbd.h5\"");
}

TEST_F(DataCheck, CheckEndsWithADataErrorWhenColumnsDiffer) {
  output_of(run_data_synth, with({"--silos", "1"}));
  write_silo_file(folder_.path("other.h5"), example_silo());
  const auto check = [&](Arguments options) {
    options.insert(options.end(), {folder_.path("silo0.h5"), folder_.path("other.h5")});
    ::testing::internal::CaptureStdout();
    const std::string text = error_text<DataError>([&] { static_cast<void>(run(run_data_check, options)); });
    const std::string printed = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(printed.empty(), options.size() == 2) << printed;
    return text;
  };
  EXPECT_HAS(check({}), "other.h5: the task is binary, the others have multiclass");
  EXPECT_HAS(check({"--json"}), "these files do not fit one federation");
}

TEST_F(DataCheck, HelpFitsAScreen) {
  for (auto* command : {run_data_split, run_data_synth, run_data_check, run_data_import}) {
    const std::string help = output_of(command, {"--help"});
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 50);
    EXPECT_HAS(help, "Example");
  }
}

}  // namespace
}  // namespace crossilo
