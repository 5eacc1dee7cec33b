// Aim: what only scripted modules do reaches neither other silos nor the sum: draws in evaluation, infinite buffers,
// batches that are too small. Method: small modules, silos beside each other on one model and each on its own.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/torch.hpp"
#include "silo/linear_silo.hpp"
#include "support/scripted_module.hpp"

namespace crossilo::test {
namespace {

const TorchSession kTorch;
const Case kCase = kCases[0];

Model model_of(const torch::jit::Module& module) {
  const std::string path = testing::TempDir() + "crossilo_scripted_silo_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name() + ".pt";
  module.save(path);
  return make_model({.name = "", .inputs = kFeatures, .outputs = 1, .torchscript = path});
}

torch::jit::Module linear_of(const std::string& expression) {
  torch::jit::Module module = empty_module("Small");
  add_parameter(module, "weight", values({1, kFeatures}, 0.5));
  module.define("def forward(self, x):\n  return torch.linear(" + expression + ", self.weight, None)\n");
  return module;
}

/// Normalises over the batch, without running statistics, so without a buffer; as torch.nn.BatchNorm1d, it refuses one
/// row.
torch::jit::Module normalised_without_buffers() {
  torch::jit::Module module = empty_module("Batch");
  add_parameter(module, "weight", values({1, kFeatures}, 0.5));
  module.define(R"(
    def forward(self, x):
      assert x.size(0) > 1 or not self.training
      x = torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)
      return torch.linear(x, self.weight, None)
  )");
  return module;
}

std::vector<float> brought(const Model& model) { return {model.parameters().begin(), model.parameters().end()}; }

TEST(ScriptedSilo, WhatIsDrawnInEvaluationDependsOnTheSiloAlone) {
  const auto module = linear_of("torch.dropout(x, 0.5, True)");
  Model shared = model_of(module);
  const std::vector<float> global = brought(shared);
  std::vector<LocalSilo> silos;
  std::vector<double> alone;
  for (std::uint32_t id = 0; id < 3; ++id) {
    const SiloData data = random_silo(schema_of(kCase), 40, 30, 7);
    silos.push_back(silo_with(data, shared, {}, id));
    Model own = model_of(module);
    LocalSilo silo = silo_with(data, own, {}, id);
    alone.push_back(silo.evaluate({.parameters = global}).test.loss);
  }
  for (const std::size_t id : {2u, 0u, 1u, 1u}) {
    (void)train(silos[(id + 1) % 3], global);
    EXPECT_EQ(silos[id].evaluate({.parameters = global}).test.loss, alone[id]);
  }
  EXPECT_NE(alone[0], alone[1]);  // the same rows, other draws
  EXPECT_NE(silos[0].evaluate({.parameters = global, .hash = sha256({})}).test.loss, alone[0]);
}

TEST(ScriptedSilo, AnInfiniteBufferThatStaysHasNoDelta) {
  torch::jit::Module module = empty_module("Masked");
  add_parameter(module, "weight", values({1, kFeatures}, 0.5));
  at::Tensor mask = at::zeros({std::int64_t{kFeatures}});
  mask[2] = -std::numeric_limits<float>::infinity();
  mask[3] = std::numeric_limits<float>::quiet_NaN();
  module.register_buffer("mask", mask);
  module.define(R"(
    def forward(self, x):
      return torch.linear(torch.softmax(x + torch.nan_to_num(self.mask, 0.0, None, -float("inf")), 1), self.weight, None)
  )");
  Model model = model_of(module);
  const std::vector<float> global = brought(model);
  LocalSilo silo = silo_with(random_silo(schema_of(kCase), 40, 5, 3), model, {.batch_size = 8});
  const std::vector<float> delta = train(silo, global);
  const std::size_t weights = model.layout().weights;
  for (std::size_t i = 0; i < delta.size(); ++i)
    EXPECT_EQ(delta[i] == 0.0f, i >= weights || i == 2) << i << " " << delta[i];
}

// 20 rows: 17 to train on, so the last batch of 4 has one.
TEST(ScriptedSilo, ASingleLastRowJoinsTheBatchBefore) {
  Model model = model_of(normalised_without_buffers());
  ASSERT_EQ(model.layout().buffers, 0u);
  const std::vector<float> global = brought(model);
  const SiloData data = random_silo(schema_of(kCase), 20, 5, 3);
  LocalSilo epoch = silo_with(data, model, {.batch_size = 4});
  LocalSilo steps = silo_with(data, model, {.batch_size = 4, .local_steps = 4});
  EXPECT_EQ(train(steps, global), train(epoch, global));
}

TEST(ScriptedSilo, TooFewRowsToNormaliseAreRefusedAtOnce) {
  const auto refusal = [](const torch::jit::Module& module, std::size_t rows, std::size_t batch_size) -> std::string {
    Model model = model_of(module);
    try {
      (void)silo_with(random_silo(schema_of(kCase), rows, 5, 3), model, {.batch_size = batch_size}, 4);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  for (const auto& module : {normalised_module(kFeatures, 1), normalised_without_buffers()}) {
    EXPECT_NE(refusal(module, 1, 4).find("silo s4: the model normalises"), std::string::npos);
    EXPECT_NE(refusal(module, 1, 4).find("1 row to train on"), std::string::npos);
    EXPECT_NE(refusal(module, 20, 1).find("train.batch_size = 1"), std::string::npos);
    EXPECT_EQ(refusal(module, 2, 4), "accepted");
    EXPECT_EQ(refusal(module, 0, 4), "accepted");
  }
  EXPECT_EQ(refusal(linear_of("x"), 1, 1), "accepted");
}

}  // namespace
}  // namespace crossilo::test
