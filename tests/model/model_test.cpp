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

TEST(Model, OutlineOfAModelIsThatOfTheModel) {
  for (const char* name : {"logreg", "mlp", "cnn"}) {
    const ModelSpec spec{
        .name = name, .inputs = 64, .outputs = 3, .sample_shape = {8, 8}, .hidden = {5, 4}, .channels = {2, 3}};
    const Model model = make_model(spec);
    const ModelOutline outline = outline_model(spec);
    EXPECT_EQ(outline.layout.weights, model.layout().weights) << name;
    ASSERT_EQ(outline.tensors.size(), model.tensors().size());
    for (std::size_t i = 0; i < outline.tensors.size(); ++i) {
      EXPECT_EQ(outline.tensors[i].name, model.tensors()[i].name);
      EXPECT_EQ(outline.tensors[i].shape, model.tensors()[i].shape);
      EXPECT_EQ(outline.tensors[i].offset, model.tensors()[i].offset);
    }
  }
}

TEST(Model, TooLargeForAnyMemoryIsSaidInBytesBeforeAnyIsTaken) {
  const ModelSpec spec{.name = "mlp", .inputs = 13, .outputs = 1, .hidden = {2'000'000, 2'000'000}};
  EXPECT_GT(outline_model(spec).layout.weights, 4'000'000'000'000u);
  try {
    (void)make_model(spec);
    ADD_FAILURE() << "it was built";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find("model.name = mlp: 4000032000001 parameters want 48000.4 GB"),
              std::string::npos)
        << error.what();
  }
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

TEST(Model, TheCnnHasTheSizeThatItsShapesSay) {
  const ModelSpec spec{
      .name = "cnn", .inputs = 784, .outputs = 10, .sample_shape = {28, 28}, .hidden = {128}, .channels = {16, 32}};
  const Model cnn = make_model(spec);
  EXPECT_EQ(cnn.parameters().size(), 16u * 9 + 16 + 32 * 16 * 9 + 32 + 32 * 49 * 128 + 128 + 10 * 128 + 10);  // 206 922
  EXPECT_EQ(cnn.tensors()[2].name, "conv.1.weight");
  EXPECT_EQ(cnn.tensors()[2].shape, (std::vector<std::int64_t>{32, 16, 3, 3}));
}

TEST(Model, InitialBoundsFollowTheInputsOfAnOutput) {
  Model mlp = make_model({.name = "mlp", .inputs = 100, .outputs = 1, .hidden = {400, 16}});
  mlp.initialise(public_root(1));
  EXPECT_EQ(mlp.tensors()[2].name, "hidden.1.weight");
  for (const auto& [tensor, bound] : {std::pair{0, 0.1f}, {2, 0.05f}, {4, 0.25f}}) {
    const TensorSpec& spec = mlp.tensors()[std::size_t(tensor)];
    const auto [least, largest] = std::ranges::minmax(mlp.parameters().subspan(spec.offset, spec.count));
    EXPECT_GE(least, -bound);
    EXPECT_LE(largest, bound);
    EXPECT_GT(largest - least, 1.2f * bound);
  }
}

TEST(Model, TheCnnSaysWhatShapesFit) {
  const auto refusal = [](std::vector<std::size_t> shape) {
    std::size_t inputs = 1;
    for (const std::size_t extent : shape) inputs *= extent;
    try {
      (void)make_model({.name = "cnn", .inputs = inputs, .outputs = 2, .sample_shape = shape, .channels = {4, 4, 4}});
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal({8, 8}), "accepted");
  EXPECT_EQ(refusal({3, 8, 9}), "accepted");
  EXPECT_NE(refusal({13}).find("shape 13; height x width"), std::string::npos);
  EXPECT_NE(refusal({13}).find("model.name = mlp fits"), std::string::npos);
  EXPECT_NE(refusal({2, 3, 4, 5}).find("shape 2 x 3 x 4 x 5"), std::string::npos);
  EXPECT_NE(refusal({32, 32, 3}).find("channels come first"), std::string::npos);
  EXPECT_NE(refusal({7, 9}).find("nothing is left"), std::string::npos);
}

TEST(Model, AnUnknownNameListsTheKnownOnes) {
  try {
    (void)make_model({.name = "logref", .inputs = 2, .outputs = 1});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "model.name = logref: no such model; known: cnn, linreg, logreg, mlp; or a scripted module: "
                 "model.torchscript = FILE.pt");
  }
}

}  // namespace
}  // namespace crossilo
