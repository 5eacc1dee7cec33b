// Aim: `crossilo data split`, `synth` and `check` do from the command line what their --help says.
// Method: runs them in this process on small CSV, IDX and silo files, then reads what was written.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/run_command.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/silo_file.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class DataSplit : public ::testing::Test {
 protected:
  DataSplit() {
    std::string csv = "site,x,y\n";
    for (int i = 0; i < 120; ++i)
      csv += (i % 3 == 0 ? "north," : "south,") + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
    csv_ = folder_.write("all.csv", csv);
  }
  [[nodiscard]] std::string output() const { return folder_.path("{silo}.h5"); }
  [[nodiscard]] Arguments with(Arguments more) const {
    more.insert(more.end(), {"--output", output()});
    return more;
  }
  std::string config_error(const Arguments& arguments) const {
    return error_text<ConfigError>([&] { static_cast<void>(run(run_data_split, with(arguments))); });
  }
  SiloData silo(const std::string& name) const { return read_silo_file(folder_.path(name + ".h5")); }
  TemporaryFolder folder_;
  std::string csv_;
};

TEST_F(DataSplit, DividesACsvTable) {
  output_of(run_data_split, with({csv_, "--label", "y", "--classes", "0,1", "--drop", "site", "--by", "dirichlet",
                                  "--silos", "11", "--rows_min", "1", "--alpha", "1"}));
  std::vector<float> seen;
  for (const char* name : {"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10"}) {
    const SiloData data = silo(std::string("silo").append(name));
    EXPECT_GE(data.train.rows, 1u);
    seen.insert(seen.end(), data.train.x.begin(), data.train.x.end());
    seen.insert(seen.end(), data.test.x.begin(), data.test.x.end());
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), 120u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<float>(i));
}

TEST_F(DataSplit, DividesByAColumnAndSiloFilesAgain) {
  output_of(run_data_split, with({csv_, "--label", "y", "--classes", "0,1", "--by", "column", "--column", "site"}));
  EXPECT_EQ(silo("north").train.rows + silo("north").test.rows, 40u);
  const std::string again = folder_.path("again-{silo}.h5");
  output_of(run_data_split,
            {folder_.path("north.h5"), folder_.path("south.h5"), "--by", "iid", "--silos", "2", "--output", again});
  for (const char* name : {"again-silo0", "again-silo1"}) {
    EXPECT_EQ(silo(name).train.rows, 45u);
    EXPECT_EQ(silo(name).test.rows, 15u);
  }
  output_of(run_data_split, {folder_.path("again-silo0.h5"), "--by", "quantity", "--alpha", "5", "--silos", "2",
                             "--rows_min", "3", "--output", folder_.path("part-{silo}.h5")});
  EXPECT_EQ(silo("part-silo0").train.rows + silo("part-silo1").train.rows, 45u);
}

TEST_F(DataSplit, DividesImages) {
  std::string images("\0\0\x08\x03\0\0\0\x14\0\0\0\2\0\0\0\2", 16), labels("\0\0\x08\x01\0\0\0\x14", 8);
  for (int i = 0; i < 80; ++i) images += static_cast<char>(i);
  for (int i = 0; i < 20; ++i) labels += static_cast<char>(i % 10);
  output_of(run_data_split,
            with({"--idx_images", folder_.write("i", images), "--idx_labels", folder_.write("l", labels), "--by", "iid",
                  "--silos", "2", "--rows_min", "1", "--test_fraction", "0"}));
  EXPECT_EQ(silo("silo0").schema.sample_shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(silo("silo0").schema.class_names.size(), 10u);
  EXPECT_EQ(silo("silo0").train.rows, 10u);
}

TEST_F(DataSplit, NamesFaultyOptions) {
  const auto fault = [&](Arguments more) {
    more.insert(more.begin(), {csv_, "--label", "y", "--classes", "0,1", "--drop", "site"});
    return config_error(more);
  };
  EXPECT_HAS(fault({}), "data split: --by is missing; see crossilo data split --help");
  EXPECT_HAS(fault({"--by", "chance"}), "by = \"chance\": iid, dirichlet, quantity or column is wanted");
  EXPECT_HAS(fault({"--by", "iid"}), "--silos is missing");
  EXPECT_HAS(fault({"--by", "iid", "--silos", "0"}), "silos = 0: 1 to 10000 are wanted");
  EXPECT_HAS(fault({"--by", "iid", "--silos", "13"}), "90 rows to train on cannot give 13 silos 10 rows each");
  EXPECT_HAS(fault({"--by", "dirichlet", "--silos", "2", "--alpha", "0"}), "alpha = 0: a number above 0");
  EXPECT_HAS(fault({"--by", "iid", "--silos", "2", "--column", "x"}), "--column goes with --by column");
  EXPECT_HAS(fault({"--by", "column"}), "--column is missing");
  EXPECT_HAS(config_error({"--by", "iid", "--silos", "2"}), "no FILE is given");
  EXPECT_HAS(config_error(
                 {csv_, "--by", "dirichlet", "--silos", "2", "--label", "x", "--drop", "site", "--task", "regression"}),
             "a regression has none");
}

TEST_F(DataSplit, MakesSyntheticDataAndChecksIt) {
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

TEST_F(DataSplit, CheckEndsWithADataErrorWhenColumnsDiffer) {
  output_of(run_data_synth, with({"--silos", "1"}));
  output_of(run_data_split, {csv_, "--label", "y", "--classes", "0,1", "--drop", "site", "--by", "iid", "--silos",
                             "1", "--output", folder_.path("other.h5")});
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

TEST_F(DataSplit, HelpFitsAScreen) {
  for (auto* command : {run_data_split, run_data_synth, run_data_check, run_data_import}) {
    const std::string help = output_of(command, {"--help"});
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 50);
    EXPECT_HAS(help, "Example");
  }
}

}  // namespace
}  // namespace crossilo
