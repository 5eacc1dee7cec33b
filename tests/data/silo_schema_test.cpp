// Aim: schemas that differ have other hashes, and the difference is told in one line.
// Method: one change at a time to a small schema.
#include <gtest/gtest.h>

#include "data/silo_example.hpp"

namespace crossilo {
namespace {

TEST(SiloSchema, TellsTheDifference) {
  const SiloSchema expected = example_silo().schema;
  EXPECT_EQ(schema_difference(expected, expected), "");
  SiloSchema found = expected;
  found.feature_names = {"age", "chol"};
  found.sample_shape = {2};
  EXPECT_EQ(schema_difference(found, expected), "train/x has 2 columns, the others have 3 (missing: größe)");
  found = expected;
  found.feature_names[1] = "thalach";
  EXPECT_EQ(schema_difference(found, expected),
            "train/x has other columns than the others (missing: chol; only here: thalach)");
  found = expected;
  std::swap(found.feature_names[0], found.feature_names[1]);
  EXPECT_EQ(schema_difference(found, expected),
            "train/x has its columns in another order: column 1 is chol, the others have age");
  found = expected;
  found.class_names = {"no", "yes"};
  EXPECT_EQ(schema_difference(found, expected), "the classes are no, yes, the others have healthy, ill");
  found = expected;
  found.task = Task::regression;
  EXPECT_EQ(schema_difference(found, expected), "the task is regression, the others have binary");
  found = expected;
  found.sample_shape = {3, 1};
  EXPECT_EQ(schema_difference(found, expected), "a sample is 3 x 1, the others have 3");
}

TEST(SiloSchema, HashesEveryPartApart) {
  const SiloSchema schema = example_silo().schema;
  EXPECT_EQ(schema_hash(schema), schema_hash(example_silo().schema));
  SiloSchema moved = schema;  // the same letters, cut at another place
  moved.feature_names = {"agec", "hol", "größe"};
  EXPECT_NE(schema_hash(moved), schema_hash(schema));
  SiloSchema image = schema;
  image.sample_shape = {3, 1};
  EXPECT_NE(schema_hash(image), schema_hash(schema));
  SiloSchema regression = schema;
  regression.task = Task::regression;
  EXPECT_NE(schema_hash(regression), schema_hash(schema));
}

}  // namespace
}  // namespace crossilo
