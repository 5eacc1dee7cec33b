// Aim: a CSV's columns become a model's features by their names, and every field that cannot is named.
// Method: small tables, and the same table imported by data import's own code.
#include "../../src/cli/feature_rows.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

const std::vector<std::string> kFeatures = {"age", "cp=1", "cp=2", "dose", "odd=name"};

CsvTable table_of(const std::string& text) {
  CsvTable table{.path = "t.csv", .columns = {}, .rows = parse_csv(text, ',', "t.csv")};
  table.columns = table.rows.front().fields;
  table.rows.erase(table.rows.begin());
  return table;
}

std::string refusal(const std::string& text) {
  try {
    (void)feature_rows(table_of(text), kFeatures, {});
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FeatureRows, ColumnsAreFoundByTheirNames) {
  const CsvTable table = table_of("note,dose,odd=name,cp,age\nhello,1.5,9,2,40\n,?,9,1.0,50\nx,-1,9,,60\n");
  const std::vector<float> x = feature_rows(table, kFeatures, {{"dose", "?"}, {"", "-1"}});
  ASSERT_EQ(x.size(), 15u);
  EXPECT_EQ(std::vector<float>(x.begin(), x.begin() + 5), (std::vector<float>{40, 0, 1, 1.5, 9}));
  EXPECT_EQ(x[6], 1.0f);  // 1.0 is the category 1
  EXPECT_TRUE(std::isnan(x[8]));
  EXPECT_TRUE(std::isnan(x[11]) && std::isnan(x[12]) && std::isnan(x[13]));  // cp is missing: both of its columns
  EXPECT_EQ(x[10], 60.0f);
}

TEST(FeatureRows, AreThoseOfDataImport) {
  CsvTable table = table_of("age,cp,dose,odd=name,y\n40,2,1.5,9,0\n50,1,,9,1\n");
  ImportRecipe recipe;
  recipe.use = {"age", "cp", "dose", "odd=name"};
  recipe.categorical = {{"cp", {"1", "2"}}};
  recipe.label = parse_label_rule("y > 0");
  recipe.split.test_fraction = 0.0;
  const auto imported = import_silos({{"a", table}}, recipe);
  EXPECT_EQ(imported.front().data.schema.feature_names, kFeatures);
  const std::vector<float> x = feature_rows(table, kFeatures, {});
  ASSERT_EQ(x.size(), imported.front().data.train.x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]))
      EXPECT_TRUE(std::isnan(imported.front().data.train.x[i]));
    else
      EXPECT_EQ(x[i], imported.front().data.train.x[i]);
  }
}

TEST(FeatureRows, FaultsAreNamed) {
  EXPECT_EQ(refusal("age,cp,odd=name\n"), "t.csv: column dose is missing; the model wants it");
  EXPECT_EQ(refusal("age,dose,odd=name\n"), "t.csv: column cp is missing; the model wants it");
  EXPECT_NE(refusal("age,cp,dose,odd=name\n1,3,2,1\n").find("t.csv:2: column cp: \"3\" found, one of 1, 2 is wanted"),
            std::string::npos);
  EXPECT_NE(refusal("age,cp,dose,odd=name\n1,1,2,1\nold,1,2,1\n").find("t.csv:3: column age: \"old\" found, a number"),
            std::string::npos);
  EXPECT_NE(refusal("age,cp,dose,odd=name\n1e300,1,2,1\n").find("1e300"), std::string::npos);
}

}  // namespace
}  // namespace crossilo
