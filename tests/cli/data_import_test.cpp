// Aim: `crossilo data import` and `data describe` do from the command line what their --help says.
// Method: runs both in this process on files that look like the heart data, the help's own example among them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/run_command.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/silo_file.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

class DataImport : public ::testing::Test {
 protected:
  std::string config_error(const Arguments& arguments) {
    return error_text<ConfigError>([&] { static_cast<void>(run(run_data_import, arguments)); });
  }
  TemporaryFolder folder_;
};

/// The arguments of the example at the end of a help text, as a shell would split them.
Arguments example_of(const std::string& help) {
  std::string text = help.substr(help.rfind("crossilo data import") + std::string("crossilo data import").size());
  Arguments arguments;
  bool quoted = false, open = false;
  for (const char c : text) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '\n' || c == '\\')) {
      open = false;
    } else {
      if (!open) arguments.emplace_back();
      arguments.back() += c;
      open = true;
    }
  }
  return arguments;
}

TEST_F(DataImport, RunsTheExampleOfItsHelp) {
  const std::string help = output_of(run_data_import, {"--help"});
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 40);
  std::filesystem::create_directories(folder_.path("data/download"));
  std::string rows;
  for (int i = 0; i < 8; ++i) rows += fmt::format("6{},1,{}.0,145,0,1,2,150,?,2.3,3,0,6,{}\n", i, i % 4 + 1, i % 3);
  folder_.write("data/download/processed.cleveland.data", rows);
  folder_.write("data/download/processed.va.data", rows);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const std::string output = output_of(run_data_import, example_of(help));
  std::filesystem::current_path(before);
  EXPECT_EQ(output,
            "features: age, sex, cp=1, cp=2, cp=3, cp=4, trestbps, chol, fbs, restecg, thalach, exang and 1 more\n"
            "label: \"num > 0\" 0.625 of 16 rows\n"
            "data/example/cleveland.h5: 6 rows to train on, 2 to test on, 13 columns\n"
            "data/example/va.h5: 6 rows to train on, 2 to test on, 13 columns\n");
  const auto json = nlohmann::json::parse(output_of(run_data_describe, {"--json", folder_.path("data/example/va.h5")}));
  EXPECT_EQ(json[0]["missing_rows"]["chol"], 8);
  EXPECT_EQ(json[0]["missing_rows"]["exang"], 8);
  EXPECT_EQ(json[0]["missing_rows"]["cp"], 0);
  EXPECT_EQ(json[0]["rows_of_class"]["num > 0"], 5);
  EXPECT_EQ(json[0]["train_rows"], 6);
}

TEST_F(DataImport, SplitsOneFileByASiloColumn) {
  const std::string csv = folder_.write("all.csv", "site;x;y\na;1;0\nb;2;1\na;3;1\nb;4;0\n");
  const std::string output = folder_.path("{silo}.h5");
  output_of(run_data_import, {"--csv", csv, "--silo_column", "site", "--separator", ";", "--label", "y", "--classes",
                              "0,1", "--test_fraction", "0", "--origin", "made up", "--output", output});
  const SiloData data = read_silo_file(folder_.path("b.h5"));
  EXPECT_EQ(data.train.x, (std::vector<float>{2, 4}));
  EXPECT_EQ(data.origin, "made up");
  const std::string table = output_of(run_data_describe, {folder_.path("a.h5"), folder_.path("b.h5")});
  EXPECT_HAS(table, "no value is missing\n");
}

TEST_F(DataImport, WritesSilosUnderNamesThatTrainingAllows) {
  const std::string csv = folder_.write("all.csv", "site,x,y\nRoyal_North,1,0\nst-mary,2,1\nA. B,3,1\n");
  const Arguments options = {"--csv", csv, "--silo_column", "site", "--label", "y > 0"};
  const auto with_output = [&](Arguments arguments) {
    arguments.insert(arguments.end(), {"--output", folder_.path("{silo}.h5")});
    return arguments;
  };
  const std::string output = output_of(run_data_import, with_output(options));
  EXPECT_HAS(output, "silo Royal_North is written as royal_north\nsilo A. B is written as a__b\n");
  EXPECT_EQ(output.find("silo st-mary"), std::string::npos);
  for (const char* name : {"royal_north.h5", "st-mary.h5", "a__b.h5"})
    EXPECT_EQ(read_silo_file(folder_.path(name)).train.rows, 1u);
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(run(run_data_import, with_output({"--csv", "Va=" + csv, "--csv", "va=" + csv,
                                                                   "--label", "y > 0", "--drop", "site"})));
             }),
             "silos Va and va would both be written as va");
}

TEST_F(DataImport, WritesNothingWhenAFileIsFaulty) {
  const std::string good = folder_.write("good.csv", "x,y\n1,0\n2,1\n");
  const std::string bad = folder_.write("bad.csv", "x,y\n1,0\nz,1\n");
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(run(run_data_import, {"--csv", "a=" + good, "--csv", "b=" + bad, "--label", "y > 0",
                                                       "--output", folder_.path("{silo}.h5")}));
             }),
             "bad.csv:3: column x: \"z\" found");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("a.h5")));
}

TEST_F(DataImport, NamesFaultyOptions) {
  const std::string csv = std::string("a=").append(folder_.write("a.csv", "x,y\n1,0\n2,1\n"));
  const auto with = [&](Arguments more) {
    Arguments arguments = {"--csv", csv, "--label", "y > 0", "--output", folder_.path("a.h5")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return config_error(arguments);
  };
  EXPECT_HAS(config_error({}), "data import: --csv is missing; see crossilo data import --help");
  EXPECT_HAS(with({"--labels", "y"}), "unrecognised option '--labels'");
  EXPECT_HAS(with({"--lab", "y"}), "unrecognised option '--lab'");
  EXPECT_HAS(with({"surplus"}), "data import: ");
  EXPECT_HAS(with({"--missing", "x"}), "missing = \"x\": COLUMN=MARK is wanted");
  EXPECT_HAS(with({"--categorical", "x=1|1"}), "categorical = \"1|1\" has an entry twice");
  EXPECT_HAS(with({"--use", "x,,y"}), "use = \"x,,y\" has an empty entry");
  EXPECT_HAS(with({"--task", "binary"}), "only regression is to be said");
  EXPECT_HAS(with({"--csv", "a=b.csv"}), "csv: silo a is named twice");
  EXPECT_HAS(with({"--csv", "b=" + folder_.path("a.csv")}), "with more than one silo it needs {silo}");
  for (const char* seed : {"x", "-1", " 1", "1.5", "", "99999999999999999999"})
    EXPECT_HAS(with({"--seed", seed}), "a whole number from 0 to 18446744073709551615 is wanted");
  EXPECT_HAS(with({"--separator", "\""}), "separator: a quote or the end of a line");
  EXPECT_HAS(with({"--origin", "\xff"}), "origin = \"\\xff\": text in UTF-8 is wanted");
  EXPECT_HAS(error_text<ConfigError>([] { static_cast<void>(run(run_data_describe, {})); }), "no FILE is given");
}

TEST_F(DataImport, NeverWritesOverWhatItReads) {
  const std::string csv = folder_.write("a.csv", "x,y\n1,0\n2,1\n");
  const std::string before = TemporaryFolder::read(csv);
  std::filesystem::create_hard_link(csv, folder_.path("same.csv"));
  for (const char* output : {"{silo}.csv", "a.csv", "./{silo}.csv", "same.csv"})
    EXPECT_HAS(config_error({"--csv", "a=" + csv, "--label", "y > 0", "--output", folder_.path(output)}),
               "would be written over " + csv + ", which is read");
  EXPECT_EQ(TemporaryFolder::read(csv), before);
  EXPECT_TRUE(std::filesystem::exists(folder_.path("same.csv")));
  output_of(run_data_import, {"--csv", "a=" + csv, "--label", "y > 0", "--output", folder_.path("{silo}/{silo}.h5")});
  EXPECT_EQ(read_silo_file(folder_.path("a/a.h5")).train.rows, 2u);
}

TEST_F(DataImport, ReadsImages) {
  std::string image_text("\0\0\x08\x03\0\0\0\4\0\0\0\1\0\0\0\2", 16);
  image_text += "\x01\x02\x03\x04\x05\x06\x07\xff";
  const std::string images = folder_.write("images", image_text);
  const std::string labels = folder_.write("labels", {"\0\0\x08\x01\0\0\0\4\0\1\0\1", 12});
  const Arguments files = {"--idx_images", images, "--idx_labels", labels, "--classes", "low,high"};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), files.begin(), files.end());
    return more;
  };
  const std::string path = folder_.path("a.h5");
  EXPECT_EQ(output_of(run_data_import, with({"--output", path, "--test_fraction", "0.5", "--origin", "made up"})),
            path + ": 2 rows to train on, 2 to test on, 2 columns\n");
  output_of(run_data_import,
            with({"--output", path, "--idx_test_images", images, "--idx_test_labels", labels, "--origin", "made up"}));
  const SiloData data = read_silo_file(path);
  EXPECT_EQ(data.train.rows, 4u);
  EXPECT_EQ(data.test.x.back(), 1.0f);
  EXPECT_EQ(data.schema.sample_shape, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(data.schema.feature_names, (Arguments{"p_0_0", "p_0_1"}));

  EXPECT_HAS(config_error(with({})), "--output is missing");
  EXPECT_HAS(config_error(with({"--output", "{silo}.h5"})), "IDX files make one silo file");
  EXPECT_HAS(config_error(with({"--output", path, "--csv", "a=b"})), "--csv is for CSV files");
  EXPECT_HAS(config_error(with({"--output", path, "--idx_test_images", images})), "go together");
  EXPECT_HAS(config_error(with({"--output", path, "--idx_test_images", images, "--idx_test_labels", labels,
                                "--test_fraction", "0.5"})),
             "--test_fraction does not go with --idx_test_images");
  EXPECT_HAS(config_error({"--idx_labels", labels, "--output", path}), "--idx_images is missing");
  EXPECT_HAS(config_error(with({"--output", labels})), "would be written over");
}

TEST_F(DataImport, SaysWhatItTookForTheLabel) {
  const std::string a = "a=" + folder_.write("a.csv", "x,y\n1,2\n2,3\n"),
                    b = "b=" + folder_.write("b.csv", "x,y\n1,2\n");
  const auto options = [&](Arguments more) {
    more.insert(more.end(), {"--output", folder_.path("{silo}.h5")});
    return more;
  };
  EXPECT_HAS(output_of(run_data_import, options({"--csv", a, "--csv", b, "--label", "y", "--task", "regression"})),
             "features: x\nlabel: mean 2.333 of 3 rows\n");
  EXPECT_HAS(output_of(run_data_import, options({"--csv", a, "--csv", b, "--label", "y", "--classes", "2,3,4"})),
             "label: \"2\" 0.667, \"3\" 0.333, \"4\" 0.000 of 3 rows\n");
  std::filesystem::remove(folder_.path("a.h5"));
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(run(run_data_import, options({"--csv", a, "--csv", b, "--label", "y > 1"})));
             }),
             "label: all 3 rows are \"y > 1\", so there is nothing to learn");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("a.h5")));
  // One institution's rows alone may well be of one class.
  EXPECT_HAS(output_of(run_data_import, options({"--csv", a, "--label", "y > 1"})), "label: \"y > 1\" 1.000 of 2 rows");
}

TEST_F(DataImport, DescribeFailsWhenFilesDoNotFit) {
  for (const std::string name : {"x", "z"}) {
    const std::string csv = name + "=" + folder_.write("a.csv", name + ",y\n1,0\n2,1\n");
    output_of(run_data_import, {"--csv", csv, "--label", "y > 0", "--output", folder_.path("{silo}.h5")});
  }
  ::testing::internal::CaptureStdout();
  const std::string text = error_text<DataError>([&] {
    static_cast<void>(run(run_data_describe, {folder_.path("x.h5"), folder_.path("z.h5")}));
  });
  ::testing::internal::GetCapturedStdout();
  EXPECT_HAS(text, "z.h5: train/x has other columns than the others (missing: x; only here: z)");
}

}  // namespace
}  // namespace crossilo
