// Aim: a model is one flat, aligned vector with a stable layout, schema hash and initial weights.
// Method: the layout of a known model, the same calls on two objects, and bounds of the initial weights.
#include "crossilo/model/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

Model logreg(std::size_t inputs, std::size_t outputs) {
  return make_model({.name = "logreg", .inputs = inputs, .outputs = outputs});
}

TEST(Model, LiesInOneAlignedVectorWithoutGaps) {
  Model model = logreg(11, 3);
  ASSERT_EQ(model.tensors().size(), 2u);
  EXPECT_EQ(model.tensors()[0].name, "weight");
  EXPECT_EQ(model.tensors()[0].shape, (std::vector<std::int64_t>{3, 11}));
  EXPECT_EQ(model.tensors()[0].offset, 0u);
  EXPECT_EQ(model.tensors()[0].count, 33u);
  EXPECT_EQ(model.tensors()[1].name, "bias");
  EXPECT_EQ(model.tensors()[1].shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(model.tensors()[1].offset, 33u);
  EXPECT_EQ(model.parameters().size(), 36u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(model.parameters().data()) % 64, 0u);
  EXPECT_TRUE(std::ranges::all_of(model.parameters(), [](float value) { return value == 0.0f; }));
  const float* const before = model.parameters().data();
  const Model moved = std::move(model);
  EXPECT_EQ(moved.parameters().data(), before);
}

TEST(Model, SchemaHashTellsModelsApartAndNotTheirWeights) {
  Model model = logreg(4, 1);
  const Hash256 before = model.schema_hash();
  model.initialise(public_root(1));
  EXPECT_EQ(model.schema_hash(), before);
  EXPECT_EQ(logreg(4, 1).schema_hash(), before);
  std::set<Hash256> hashes = {before};
  for (const auto& [inputs, outputs] : {std::pair{5, 1}, {1, 4}, {4, 2}})
    EXPECT_TRUE(hashes.insert(logreg(std::size_t(inputs), std::size_t(outputs)).schema_hash()).second);
}

TEST(Model, InitialWeightsFollowThePublicSeed) {
  const auto initial = [](std::uint64_t seed) {
    Model model = logreg(400, 5);
    model.initialise(public_root(seed));
    return std::vector<float>(model.parameters().begin(), model.parameters().end());
  };
  const std::vector<float> weights = initial(7);
  EXPECT_EQ(initial(7), weights);
  EXPECT_NE(initial(8), weights);
  const auto [least, largest] = std::ranges::minmax(weights);  // uniform in +-1/sqrt(400)
  EXPECT_GE(least, -0.05f);
  EXPECT_LE(largest, 0.05f);
  EXPECT_LT(least, -0.048f);
  EXPECT_GT(largest, 0.048f);
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / double(weights.size());
  EXPECT_LT(std::abs(mean), 5 * 0.05 / std::sqrt(3.0 * 2005));
}

TEST(Model, AnUnknownNameListsTheKnownOnes) {
  try {
    (void)make_model({.name = "logref", .inputs = 2, .outputs = 1});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "model.name = logref: no such model; known: logreg");
  }
}

}  // namespace
}  // namespace crossilo
