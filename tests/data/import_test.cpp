// Aim: every part of an import recipe does what docs/data-import.md says, and every fault is named with its place.
// Method: small CSV files, their values checked one by one; one fault at a time.
#include "crossilo/data/import.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "crossilo/base/error.hpp"
#include "data/silo_example.hpp"
#include "data/temporary_folder.hpp"

namespace crossilo {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

class Import : public ::testing::Test {
 protected:
  Import() {
    recipe_.label = parse_label_rule("num > 0");
    recipe_.split = {0.0, 1};
  }
  SiloTable table(const std::string& silo, const std::string& text) const {
    return {silo, read_csv(folder_.write(silo + ".csv", text), {})};
  }
  SiloData import(const std::string& text) const { return import_silos({table("a", text)}, recipe_).front().data; }
  std::string data_error(const std::string& text) const {
    return error_text<DataError>([&] { static_cast<void>(import(text)); });
  }
  std::string config_error(const std::string& text) const {
    return error_text<ConfigError>([&] { static_cast<void>(import(text)); });
  }
  TemporaryFolder folder_;
  ImportRecipe recipe_;
};

TEST(LabelRule, IsRead) {
  const LabelRule rule = parse_label_rule(" num >= -1.5 ");
  EXPECT_EQ(rule.column, "num");
  EXPECT_EQ(rule.comparison, LabelComparison::greater_equal);
  EXPECT_EQ(rule.number, -1.5);
  EXPECT_EQ(parse_label_rule("a<2").comparison, LabelComparison::less);
  EXPECT_EQ(parse_label_rule("a != 2").comparison, LabelComparison::not_equal);
  EXPECT_EQ(parse_label_rule("a == 2").comparison, LabelComparison::equal);
  EXPECT_EQ(parse_label_rule("a <= 2").comparison, LabelComparison::less_equal);
  EXPECT_FALSE(parse_label_rule("blood pressure").comparison);
  for (const char* text : {"", " ", "> 0", "a >", "a > b", "a = 2", "a >> 2"})
    EXPECT_HAS(error_text<ConfigError>([&] { static_cast<void>(parse_label_rule(text)); }), "or a rule such as");
}

TEST_F(Import, TakesNumbersAndTheLabelRule) {
  const SiloData data = import("age,num,oldpeak\n63,0,.5\n+41.0,3,-1e2\n");
  EXPECT_EQ(data.schema.feature_names, (std::vector<std::string>{"age", "oldpeak"}));
  EXPECT_EQ(data.schema.class_names, (std::vector<std::string>{"num <= 0", "num > 0"}));
  EXPECT_EQ(data.schema.sample_shape, (std::vector<std::size_t>{2}));
  EXPECT_EQ(data.schema.task, Task::binary);
  EXPECT_EQ(data.train.x, (std::vector<float>{63, 0.5f, 41, -100}));
  EXPECT_EQ(data.train.y, (std::vector<float>{0, 1}));
}

TEST_F(Import, ChoosesColumns) {
  recipe_.drop = {"id"};
  EXPECT_EQ(import("id,a,b,num\nx,1,2,0\n").schema.feature_names, (std::vector<std::string>{"a", "b"}));
  recipe_.drop.clear();
  recipe_.use = {"b", "a"};
  EXPECT_EQ(import("id,a,b,num\nx,1,2,0\n").train.x, (std::vector<float>{2, 1}));
}

TEST_F(Import, TurnsCategoriesIntoColumns) {
  recipe_.categorical = {{"cp", {"1", "2", "typical"}}};
  recipe_.missing = {{"", "?"}};
  const SiloData data = import("cp,age,num\n2.0,50,0\ntypical,51,1\n?,52,1\n1,53,0\n");
  EXPECT_EQ(data.schema.feature_names, (std::vector<std::string>{"cp=1", "cp=2", "cp=typical", "age"}));
  EXPECT_TRUE(same_bits(data.train.x, {0, 1, 0, 50, 0, 0, 1, 51, kMissing, kMissing, kMissing, 52, 1, 0, 0, 53}));
  EXPECT_HAS(data_error("cp,age,num\n1,50,0\n\n3,50,0\n"),
             "a.csv:4: column cp: \"3\" found, one of 1, 2, typical is wanted");
}

TEST_F(Import, KnowsMissingMarksByColumn) {
  recipe_.missing = {{"", "?"}, {"chol", "0"}, {"chol", "-9"}};
  const SiloData data = import("chol,age,num\n0.0,0,0\n-9,-9,1\n?,?,0\n,7,1\n");
  EXPECT_TRUE(same_bits(data.train.x, {kMissing, 0, kMissing, -9, kMissing, kMissing, kMissing, 7}));
}

TEST_F(Import, TakesClassesAsTheyStand) {
  recipe_.label = parse_label_rule("state");
  recipe_.class_names = {"healthy", "1", "ill"};
  const SiloData data = import("a,state\n1,ill\n2,healthy\n3,1.0\n");
  EXPECT_EQ(data.schema.task, Task::multiclass);
  EXPECT_EQ(data.train.y, (std::vector<float>{2, 0, 1}));
  EXPECT_HAS(data_error("a,state\n1,dead\n"),
             "a.csv:2: column state: \"dead\" found, one of the classes healthy, 1, ill is wanted");
  recipe_.class_names = {"healthy", "ill"};
  EXPECT_EQ(import("a,state\n1,ill\n").schema.task, Task::binary);
  recipe_.class_names.clear();
  EXPECT_HAS(config_error("a,state\n1,ill\n"), "label = state: name its classes");
}

TEST_F(Import, TakesTargetsOfARegression) {
  recipe_.label = parse_label_rule("cost");
  recipe_.regression = true;
  const SiloData data = import("a,cost\n1,2.5\n2,-3\n");
  EXPECT_EQ(data.schema.task, Task::regression);
  EXPECT_TRUE(data.schema.class_names.empty());
  EXPECT_EQ(data.train.y, (std::vector<float>{2.5f, -3}));
  EXPECT_HAS(data_error("a,cost\n1,high\n"), "a.csv:2: column cost: \"high\" found, a number is wanted");
  recipe_.label = parse_label_rule("cost > 1");
  EXPECT_HAS(config_error("a,cost\n1,2\n"), "task = regression");
}

TEST_F(Import, NamesWhatIsWrongInACell) {
  EXPECT_HAS(data_error("a,num\n1,0\nabc,0\n"),
             "a.csv:3: column a: \"abc\" found, a number is wanted (a category: --categorical 'a=1|abc'; no feature: "
             "--drop 'a'; a missing value: --missing 'a=abc')");
  EXPECT_HAS(data_error("a,num\nnan,0\n"), "\"nan\" found, a number is wanted");
  EXPECT_HAS(data_error("a,num\n12x,0\n"), "\"12x\" found, a number is wanted");
  EXPECT_HAS(data_error("a,num\n1e300,0\n"), "\"1e300\" found, a number that fits float32 is wanted");
  EXPECT_HAS(data_error("a,num\n1,\n"),
             "a.csv:2: column num: \"\" found, a number is wanted (every row needs a label)");
  recipe_.missing = {{"", "?"}};
  EXPECT_HAS(data_error("a,num\n1,?\n"), "column num: \"?\" found, a number is wanted (every row needs a label)");
}

TEST_F(Import, NamesAllColumnsOfTextsAtOnceWithTheirOptions) {
  recipe_.missing = {{"", "?"}};
  std::string first = "sex,age,ward,dose,num\n", second = first;
  for (int i = 0; i < 30; ++i) first += fmt::format("f,{},w{},{},1\n", i, i, i == 4 ? "n/a" : "2");
  second += "m,?,w1,1,0\n?,3,w'2,1,0\n";
  const auto error = [&] {
    return error_text<DataError>([&] {
      static_cast<void>(import_silos({table("a", first), table("b", second)}, recipe_));
    });
  };
  const std::string folder = folder_.path();
  EXPECT_EQ(error(), folder +
                         "a.csv:2: column sex: \"f\" found, a number is wanted (a category: --categorical "
                         "'sex=f|m'; no feature: --drop 'sex')\n" +
                         folder +
                         "a.csv:2: column ward: \"w0\" found, a number is wanted (no feature: --drop 'ward')\n" +
                         folder +
                         "a.csv:6: column dose: \"n/a\" found, a number is wanted (a category: --categorical "
                         "'dose=1|2|n/a'; no feature: --drop 'dose'; a missing value: --missing 'dose=n/a')");
  recipe_.use = {"age", "dose"};
  EXPECT_HAS(error(), "no feature: leave it out of --use; a missing value");
  recipe_.missing.push_back({"dose", "n/a"});
  EXPECT_EQ(import_silos({table("a", first), table("b", second)}, recipe_).size(), 2u);
}

TEST_F(Import, NamesAColumnThatASiloFileCannotHave) {
  EXPECT_HAS(data_error("\"a\nb\",num\n1,0\n"), "a.csv: feature_names: \"a\\x0ab\": a name on one line");
  EXPECT_HAS(data_error("gr\xf6\xdf"
                        "e,num\n1,0\n"),
             "a.csv: feature_names: \"gr\\xf6\\xdfe\": a name on one line");
  recipe_.categorical = {{"a", {"0", "1"}}};
  EXPECT_HAS(data_error("a,a=1,num\n1,1,0\n"), "a.csv: feature_names names a=1 twice");
  EXPECT_HAS(data_error("a,num\n\x1b[2J,0\n"), "column a: \"\\x1b[2J\" found, one of 0, 1 is wanted");
}

TEST_F(Import, OrdersTheRowsOfAKeyColumn) {
  recipe_.key_column = "ward";
  recipe_.missing = {{"ward", "?"}};
  const ImportedSilo silo =
      import_silos({table("a", "ward,x,num\nb,1,0\n10,2,1\n?,3,1\n9.0,4,0\na,5,0\n9,6,1\n")}, recipe_).front();
  const double last = std::numeric_limits<double>::infinity();
  EXPECT_EQ(silo.keys.train, (std::vector<double>{4, 1, last, 0, 3, 0}));
  EXPECT_EQ(silo.data.schema.feature_names, (std::vector<std::string>{"x"}));
  recipe_.use = {"ward", "x"};
  recipe_.categorical = {{"ward", {"9", "10", "a", "b"}}};
  EXPECT_EQ(import_silos({table("a", "ward,x,num\nb,1,0\n9,2,1\n")}, recipe_).front().data.schema.feature_names.size(),
            5u);
}

TEST_F(Import, NamesWhatIsWrongInTheRecipe) {
  EXPECT_HAS(data_error("a,label\n1,0\n"), "a.csv: has no column num; its columns are a, label");
  EXPECT_HAS(config_error("num\n1\n"), "no feature columns are left");
  recipe_.drop = {"b"};
  EXPECT_HAS(data_error("a,num\n1,0\n"), "has no column b");
  recipe_.drop.clear();
  recipe_.categorical = {{"num", {"0"}}};
  EXPECT_HAS(config_error("a,num\n1,0\n"), "categorical: num is not among the feature columns (a)");
  recipe_.categorical.clear();
  recipe_.missing = {{"chol", "0"}};
  EXPECT_HAS(config_error("a,num\n1,0\n"), "missing: chol is not among the feature columns (a)");
  recipe_.missing.clear();
  recipe_.use = {"a", "num"};
  EXPECT_HAS(config_error("a,num\n1,0\n"), "use: num is the label");
  recipe_.use.clear();
  recipe_.split.test_fraction = 1.0;
  EXPECT_HAS(config_error("a,num\n1,0\n"), "test_fraction = 1: a number from 0 to below 1 is wanted");
}

TEST_F(Import, GivesAllSilosTheSameColumns) {
  const auto silos = import_silos({table("a", "x,y,num\n1,2,0\n"), table("b", "num,y,x\n1,20,10\n")}, recipe_);
  ASSERT_EQ(silos.size(), 2u);
  EXPECT_EQ(silos[1].silo, "b");
  EXPECT_EQ(silos[0].data.schema, silos[1].data.schema);
  EXPECT_EQ(silos[1].data.train.x, (std::vector<float>{10, 20}));
  const SiloTable first = table("a", "x,y,num\n1,2,0\n");
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(import_silos({first, table("b", "x,num\n1,0\n")}, recipe_));
             }),
             "b.csv: has no column y");
  EXPECT_HAS(error_text<DataError>([&] {
               static_cast<void>(import_silos({first, table("b", "x,y,z,num\n1,1,1,0\n")}, recipe_));
             }),
             "b.csv: has columns that the first file lacks: z");
}

TEST_F(Import, TakesATableApartBySilo) {
  recipe_.silo_column = "site";
  const CsvTable table = read_csv(folder_.write("all.csv", "site,x,num\nb,1,0\na,2,1\nb,3,1\n"), {});
  const auto silos = import_silos(tables_by_silo(table, "site"), recipe_);
  ASSERT_EQ(silos.size(), 2u);
  EXPECT_EQ(silos[0].silo, "b");
  EXPECT_EQ(silos[0].data.train.x, (std::vector<float>{1, 3}));
  EXPECT_EQ(silos[1].data.train.x, (std::vector<float>{2}));
  const CsvTable wrong = read_csv(folder_.write("all.csv", "site,x,num\n,1,0\n"), {});
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(tables_by_silo(wrong, "site")); }),
             "all.csv:2: column site: \"\" found, a silo's name is wanted");
  std::vector<SiloTable> tables = {{"../b", table}, {std::string(65, 'x'), table}};
  EXPECT_HAS(error_text<DataError>([&] { static_cast<void>(name_silos(tables)); }), "has 65 characters");
  EXPECT_EQ(tables.front().silo, "___b");
}

TEST_F(Import, SplitsByClassAndGroup) {
  std::string text = "person,x,num\n";
  for (int i = 0; i < 200; ++i) text += fmt::format("p{},{},{}\n", i / 2, i, i % 8 < 2 ? 1 : 0);
  recipe_.group_column = "person";
  recipe_.split = {0.25, 3};
  const SiloData data = import(text);
  EXPECT_EQ(data.schema.feature_names, std::vector<std::string>{"x"});
  EXPECT_EQ(data.train.rows + data.test.rows, 200u);
  for (const RowSet* set : {&data.train, &data.test}) {
    EXPECT_EQ(set->rows, set == &data.test ? 50 : 150);
    EXPECT_NEAR(std::count(set->y.begin(), set->y.end(), 1.0f), static_cast<double>(set->rows) / 4, 1.0);
    EXPECT_TRUE(std::is_sorted(set->x.begin(), set->x.end()));
    for (std::size_t i = 0; i < set->rows; i += 2) EXPECT_EQ(set->x[i] + 1, set->x[i + 1]);  // both rows of a person
  }
  EXPECT_TRUE(same_bits(import(text).test.x, data.test.x));
  recipe_.split.seed = 4;
  EXPECT_FALSE(same_bits(import(text).test.x, data.test.x));
  EXPECT_HAS(data_error("person,x,num\n,1,0\n"), "a.csv:2: column person: \"\" found, a group is wanted");
}

}  // namespace
}  // namespace crossilo
