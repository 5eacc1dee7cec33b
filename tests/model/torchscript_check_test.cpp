// Aim: model check finds what a user must know of a module: what is trained, what switches, what no gradient reaches.
// Method: one small module for each finding.
#include "../../src/model/torchscript_check.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/torch.hpp"
#include "support/scripted_module.hpp"

namespace crossilo {
namespace {

class TorchscriptCheckTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { static const TorchSession session; }
  TorchscriptCheck check(const torch::jit::Module& module, const torch::jit::ExtraFilesMap& extra = {}) const {
    module.save(path_, extra);
    return check_torchscript({.name = "", .inputs = 5, .outputs = 1, .torchscript = path_});
  }
  std::string path_ =
      testing::TempDir() + "crossilo_check_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".pt";
};

torch::jit::Module module_with(const std::string& expression) {
  torch::jit::Module module = empty_module("Small");
  add_parameter(module, "weight", values({1, 5}, 0.5));
  add_parameter(module, "lost", values({2}, 0.5));
  module.define("def forward(self, x):\n  return " + expression + "\n");
  return module;
}

TEST_F(TorchscriptCheckTest, CountsAndComparesModes) {
  const TorchscriptCheck found = check(normalised_module(5, 1));
  EXPECT_EQ(found.weights, 40u + 8 + 1 + 8 + 8);
  EXPECT_EQ(found.buffers, 16u);
  EXPECT_EQ(found.tensors.size(), 7u);
  EXPECT_EQ(found.sha256.size(), 64u);
  EXPECT_TRUE(found.differs_in_training);
  EXPECT_TRUE(found.is_repeatable);
  EXPECT_FALSE(found.is_traced);
  EXPECT_TRUE(found.unreached.empty());
}

TEST_F(TorchscriptCheckTest, NamesWhatNoGradientReaches) {
  const TorchscriptCheck found = check(module_with("torch.linear(x, self.weight, None) + self.lost.detach().sum()"));
  EXPECT_EQ(found.unreached, std::vector<std::string>{"lost"});
  EXPECT_FALSE(found.differs_in_training);
  EXPECT_THROW((void)check(module_with("torch.linear(x, self.weight, None).detach() + 0.0")), ConfigError);
}

TEST_F(TorchscriptCheckTest, NoticesWhatIsNotSwitchedOff) {
  EXPECT_FALSE(check(module_with("torch.linear(torch.dropout(x, 0.5, True), self.weight, None)")).is_repeatable);
}

TEST_F(TorchscriptCheckTest, TellsProbabilitiesFromLogits) {
  EXPECT_TRUE(check(module_with("torch.sigmoid(torch.linear(x, self.weight, None))")).gives_probabilities);
  EXPECT_FALSE(check(module_with("torch.linear(x, self.weight, None)")).gives_probabilities);
  torch::jit::Module module = empty_module("Classes");
  add_parameter(module, "weight", values({3, 5}, 0.5));
  module.define("def forward(self, x):\n  return torch.softmax(torch.linear(x, self.weight, None), 1)\n");
  module.save(path_);
  EXPECT_TRUE(check_torchscript({.name = "", .inputs = 5, .outputs = 3, .torchscript = path_}).gives_probabilities);
}

TEST_F(TorchscriptCheckTest, ListsFrozenParameters) {
  torch::jit::Module module = module_with("torch.linear(x, self.weight, None) + self.lost.sum()");
  module.attr("lost").toTensor().set_requires_grad(false);
  EXPECT_EQ(check(module).frozen, std::vector<std::string>{"lost"});
  EXPECT_TRUE(check(module).unreached.empty());
}

TEST_F(TorchscriptCheckTest, KnowsATracedFileByTheInputsThatItKeeps) {
  EXPECT_TRUE(check(module_with("torch.linear(x, self.weight, None)"), {{"traced_inputs.pkl", "x"}}).is_traced);
}

}  // namespace
}  // namespace crossilo
