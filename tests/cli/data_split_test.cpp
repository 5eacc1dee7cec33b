// Aim: `crossilo data split` makes the files that its --help promises, and refuses what would be lost without a word.
// Method: runs it in this process on small silo, CSV and IDX files.
#include <gtest/gtest.h>

#include <algorithm>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/silo_file.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

using Arguments = std::vector<std::string>;

class DataSplit : public ::testing::Test {
 protected:
  DataSplit() { write_silo_file(file_, example_silo(100, 40)); }
  int run(Arguments arguments) const {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    ::testing::internal::CaptureStdout();
    const auto stop = [] { return ::testing::internal::GetCapturedStdout(); };
    try {
      const int code = run_data_split(static_cast<int>(pointers.size()), pointers.data());
      stop();
      return code;
    } catch (...) {
      stop();
      throw;
    }
  }
  std::string config_error(Arguments arguments) const {
    return error_text<ConfigError>([&] { static_cast<void>(run(arguments)); });
  }
  TemporaryFolder folder_;
  std::string file_ = folder_.path("all.h5");
  std::string output_ = folder_.path("parts/{silo}.h5");
};

TEST_F(DataSplit, WritesAFileASilo) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(run({file_, "--silos", "4", "--by", "dirichlet", "--alpha", "1", "--seed", "3", "--output", output_}), 0);
  std::size_t train = 0, test = 0;
  for (const char* silo : {"silo0", "silo1", "silo2", "silo3"}) {
    const SiloData part = read_silo_file(folder_.path(std::string("parts/") + silo + ".h5"));
    EXPECT_EQ(part.schema, example_silo().schema);
    EXPECT_EQ(part.origin, "made up; 1 of 4 silos by dirichlet 1, seed 3");
    train += part.train.rows;
    test += part.test.rows;
  }
  EXPECT_EQ(train, 100u);
  EXPECT_EQ(test, 40u);
  EXPECT_EQ(run({file_, "--silos", "2", "--by", "column", "--column", "chol", "--output", output_}), 0);
  EXPECT_EQ(read_silo_file(folder_.path("parts/silo1.h5")).origin, "made up; 1 of 2 silos by column chol, seed 1");
}

TEST_F(DataSplit, TakesACsvFileWithItsRecipe) {
  std::string csv = "site,x,y\n";
  for (int i = 0; i < 120; ++i) csv += "north," + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  const std::string path = folder_.write("all.csv", csv);
  const Arguments recipe = {path,   "--label", "y",       "--classes", "0,1",      "--drop", "site",
                            "--by", "iid",     "--silos", "3",         "--output", output_};
  EXPECT_EQ(run(recipe), 0);
  std::vector<float> seen;
  for (const char* silo : {"silo0", "silo1", "silo2"}) {
    const SiloData part = read_silo_file(folder_.path(std::string("parts/") + silo + ".h5"));
    EXPECT_EQ(part.train.rows, 30u);
    EXPECT_EQ(part.test.rows, 10u);
    seen.insert(seen.end(), part.train.x.begin(), part.train.x.end());
    seen.insert(seen.end(), part.test.x.begin(), part.test.x.end());
  }
  std::sort(seen.begin(), seen.end());
  for (std::size_t i = 0; i < 120; ++i) EXPECT_EQ(seen.at(i), static_cast<float>(i));
  EXPECT_HAS(config_error({path, "--by", "iid", "--silos", "3", "--output", output_}), "--label is missing");
  for (const auto& [option, value] : {std::pair<std::string, std::string>{"label", "y"},
                                      {"missing_mark", "?"},
                                      {"missing", "x=0"},
                                      {"task", "regression"},
                                      {"columns", "x,y"},
                                      {"separator", ";"},
                                      {"group", "site"}})
    EXPECT_HAS(config_error({file_, "--by", "iid", "--silos", "3", "--output", output_, "--" + option, value}),
               "--" + option + " is for CSV files and has no meaning here");
  EXPECT_HAS(config_error({file_, "--by", "iid", "--silos", "3", "--output", output_, "--test_fraction", "0.5"}),
             "--test_fraction has no meaning here");
}

TEST_F(DataSplit, GoesByAnyColumnOfACsvFile) {
  std::string csv = "site,x,y\n";
  for (int i = 0; i < 120; ++i)
    csv += std::string(i % 3 == 0   ? "north,"
                       : i % 3 == 1 ? ","
                                    : "east,") +
           std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  const Arguments recipe = {folder_.write("all.csv", csv),
                            "--label",
                            "y",
                            "--classes",
                            "0,1",
                            "--by",
                            "column",
                            "--column",
                            "site",
                            "--silos",
                            "3",
                            "--output",
                            output_};
  EXPECT_EQ(run(recipe), 0);
  for (int silo = 0; silo < 3; ++silo) {  // east, north, no site
    const SiloData part = read_silo_file(folder_.path("parts/silo" + std::to_string(silo) + ".h5"));
    EXPECT_EQ(part.schema.feature_names, Arguments{"x"});
    EXPECT_EQ(part.train.rows + part.test.rows, 40u);
    for (const RowSet* set : {&part.train, &part.test})
      for (const float x : set->x) EXPECT_EQ(static_cast<int>(x) % 3, (silo + 2) * 2 % 3 == 1 ? 2 : silo == 1 ? 0 : 1);
  }
}

TEST_F(DataSplit, TakesImages) {
  std::string images("\0\0\x08\x03\0\0\0\x28\0\0\0\2\0\0\0\2", 16), labels("\0\0\x08\x01\0\0\0\x28", 8);
  for (int i = 0; i < 160; ++i) images += static_cast<char>(i);
  for (int i = 0; i < 40; ++i) labels += static_cast<char>(i % 4);
  const Arguments options = {"--idx_images",
                             folder_.write("i", images),
                             "--idx_labels",
                             folder_.write("l", labels),
                             "--classes",
                             "a,b,c,d",
                             "--by",
                             "iid",
                             "--silos",
                             "2",
                             "--test_fraction",
                             "0",
                             "--output",
                             output_};
  EXPECT_EQ(run(options), 0);
  const SiloData part = read_silo_file(folder_.path("parts/silo1.h5"));
  EXPECT_EQ(part.schema.sample_shape, (std::vector<std::size_t>{2, 2}));
  EXPECT_EQ(part.train.rows, 20u);
}

TEST_F(DataSplit, NeverWritesOverWhatItReads) {
  const std::string source = folder_.path("silo1.h5");
  std::filesystem::rename(file_, source);
  EXPECT_HAS(config_error({source, "--silos", "2", "--by", "iid", "--output", folder_.path("{silo}.h5")}),
             "silo1.h5 would be written over " + source + ", which is read");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("silo0.h5")));
  EXPECT_EQ(read_silo_file(source).train.rows, 100u);
}

TEST_F(DataSplit, NamesFaultyOptions) {
  EXPECT_HAS(config_error({}), "--silos is missing");
  EXPECT_HAS(config_error({file_, "--by", "iid", "--output", output_}), "--silos is missing");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "label", "--output", output_}),
             "by = \"label\": iid, dirichlet, quantity or column is wanted");
  EXPECT_HAS(config_error({file_, file_, "--silos", "2", "--by", "iid", "--output", output_}),
             "one FILE is wanted, 2 are given");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--output", "a.h5"}),
             "with more than one silo it needs {silo}");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--alpha", "1", "--output", output_}),
             "--alpha has no meaning with --by iid");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "column", "--output", output_}), "--by column and --column");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--column", "chol", "--output", output_}),
             "--by column and --column");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--classes", "a,b", "--output", output_}),
             "--classes has no meaning here");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--idx_images", "i", "--output", output_}),
             "either FILE or --idx_images is wanted");
  EXPECT_HAS(config_error({"--silos", "2", "--by", "iid", "--idx_labels", "l", "--output", output_}),
             "--idx_images is missing");
  EXPECT_HAS(config_error({file_, "--silos", "-1", "--by", "iid", "--output", output_}),
             "silos = \"-1\": a whole number");
  EXPECT_HAS(config_error({file_, "--silos", "10001", "--by", "iid", "--output", output_}), "1 to 10000 are wanted");
  EXPECT_HAS(config_error({file_, "--silos", "2", "--by", "iid", "--seed", "-1", "--output", output_}),
             "seed = \"-1\": a whole number");
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(run({file_, "--silos", "11", "--by", "iid", "--output", output_}));
             }),
             "all.h5: 100 rows to train on found, at least 110 expected");
}

}  // namespace
}  // namespace crossilo
