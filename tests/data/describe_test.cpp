// Aim: the description counts what is in the files and says which of them do not fit together.
// Method: two small silos with known counts; the whole table compared.
#include "crossilo/data/describe.hpp"

#include <gtest/gtest.h>

#include <set>

#include "crossilo/base/text.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

TEST(Describe, PutsSilosSideBySide) {
  const TemporaryFolder folder;
  SiloData first = example_silo(7, 3);
  first.schema.feature_names = {"age", "cp=1", "cp=2"};
  first.train.x[2] = std::numeric_limits<float>::quiet_NaN();
  SiloData second = first;
  second.test = {};
  write_silo_file(folder.path("zurich.h5"), first);
  write_silo_file(folder.path("va.h5"), second);
  const std::vector<SiloDescription> silos = {describe_silo_file(folder.path("zurich.h5")),
                                              describe_silo_file(folder.path("va.h5"))};
  EXPECT_EQ(description_table(silos),
            "                  zurich     va\n"
            "rows to train on       7      7\n"
            "rows to test on        3      0\n"
            "columns                3      3\n"
            "share of \"ill\"     0.400  0.429\n"
            "rows in which a value is missing\n"
            "  cp                   2      1\n"
            "  none in the other columns\n");
  EXPECT_EQ(description_differences(silos), "");
  EXPECT_EQ(silos[0].rows_of_class, (std::vector<std::size_t>{6, 4}));
}

TEST(Describe, CountsWhatAColumnTakesOnTheScreen) {
  const TemporaryFolder folder;
  SiloData data = example_silo();
  data.schema.class_names = {"gesund", "krank: größer als üblich"};
  data.train.x[2] = std::numeric_limits<float>::quiet_NaN();
  std::vector<SiloDescription> silos;
  for (const char* name : {"A", "B"}) {
    std::filesystem::create_directory(folder.path(name));
    write_silo_file(folder.path(name) + "/zürich.h5", data);
    silos.push_back(describe_silo_file(folder.path(name) + "/zürich.h5"));
  }
  const std::string table = description_table(silos);
  EXPECT_HAS(table, "  " + folder.path("A") + "/zürich.h5  " + folder.path("B") + "/zürich.h5\n");
  std::set<std::size_t> widths;
  for (const std::string& line : parts_of(table, '\n'))
    if (line.find(" missing") == std::string::npos && line.find("none in") == std::string::npos && !line.empty())
      widths.insert(display_width(line));
  EXPECT_EQ(widths.size(), 1u) << table;
}

TEST(Describe, SaysNoMeanOfClassesAndNoShareOfOtherClasses) {
  const TemporaryFolder folder;
  SiloData regression = example_silo(), multiclass = example_silo();
  regression.schema.class_names.clear();
  regression.schema.task = Task::regression;
  multiclass.schema.class_names = {"a", "b", "c"};
  multiclass.schema.task = Task::multiclass;
  write_silo_file(folder.path("r.h5"), regression);
  write_silo_file(folder.path("m.h5"), multiclass);
  write_silo_file(folder.path("b.h5"), example_silo());
  const auto table = [&](const char* first, const char* second) {
    return description_table(
        std::vector{describe_silo_file(folder.path(first)), describe_silo_file(folder.path(second))});
  };
  EXPECT_HAS(table("r.h5", "m.h5"), "label, mean       0.4  –\n");
  EXPECT_HAS(table("m.h5", "b.h5"), "share of \"a\"      0.600  –\n");
}

TEST(Describe, SaysWhatDoesNotFit) {
  const TemporaryFolder folder;
  SiloData other = example_silo();
  other.schema.feature_names[1] = "thalach";
  write_silo_file(folder.path("a.h5"), example_silo());
  write_silo_file(folder.path("b.h5"), other);
  const std::vector<SiloDescription> silos = {describe_silo_file(folder.path("a.h5")),
                                              describe_silo_file(folder.path("b.h5"))};
  EXPECT_EQ(description_differences(silos),
            folder.path("b.h5") + ": train/x has other columns than the others (missing: chol; only here: thalach)\n");
}

}  // namespace
}  // namespace crossilo
