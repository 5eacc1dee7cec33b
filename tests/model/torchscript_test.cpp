// Aim: any scripted module trains like a model of the zoo: its tensors lie in the flat vector, its mistakes are
// explained. Method: modules written with torch::jit::Module::define, saved, built, moved and compared; one file for
// each mistake.
#include <gtest/gtest.h>
#include <torch/script.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "../../src/model/model_parts.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "support/scripted_module.hpp"

namespace crossilo {
namespace {

using torch::jit::Module;

class Torchscript : public testing::Test {
 protected:
  static void SetUpTestSuite() { static const TorchSession session; }

  std::string save(const Module& module) const {
    module.save(path_);
    return path_;
  }
  Model model_of(const Module& module, std::size_t inputs, std::size_t outputs) const {
    return make_model({.name = "", .inputs = inputs, .outputs = outputs, .torchscript = save(module)});
  }
  std::string refusal(const Module& module, std::size_t inputs = 4, std::size_t outputs = 1) const {
    return refusal_of({.name = "", .inputs = inputs, .outputs = outputs, .torchscript = save(module)});
  }
  static std::string refusal_of(const ModelSpec& spec) {
    try {
      (void)make_model(spec);
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(spec.torchscript), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return "accepted";
  }
  std::string path_ =
      testing::TempDir() + "crossilo_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".pt";
};

/// forward(x) = `expression` over a weight [outputs, 4].
Module module_with(const std::string& expression, std::int64_t outputs = 1) {
  Module module = empty_module("Small");
  add_parameter(module, "weight", values({outputs, 4}, 0.5));
  module.define("def forward(self, x):\n  return " + expression + "\n");
  return module;
}

/// One step of gradient descent on the sum of squared outputs; leaves the gradient in the flat buffer.
void step(Model& model, const at::Tensor& x) {
  Model::Parts& parts = model.parts();
  parts.flat_gradient.zero_();
  const at::Tensor y = parts.network->forward(x);
  y.backward(y.detach() * 2.0);
  const c10::NoGradGuard no_grad;
  parts.flat.narrow(0, 0, parts.flat_gradient.numel()).sub_(parts.flat_gradient, 0.01);
}

TEST_F(Torchscript, WeightsThenBuffersLieInTheFlatVector) {
  Model model = model_of(normalised_module(5, 3), 5, 3);
  std::vector<std::string> names;
  for (const TensorSpec& tensor : model.tensors()) names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"first", "last", "bias", "norm.weight", "norm.bias", "norm.running_mean",
                                             "norm.running_var"}));
  EXPECT_EQ(model.layout().weights, 40u + 24 + 3 + 8 + 8);
  EXPECT_EQ(model.layout().buffers, 16u);
  ASSERT_EQ(model.layout().non_negative.size(), 1u);
  EXPECT_EQ(model.layout().non_negative[0].offset, model.layout().weights + 8);
  EXPECT_EQ(model.layout().non_negative[0].count, 8u);
  EXPECT_EQ(model.tensors().back().kind, TensorKind::buffer);
  EXPECT_EQ(model.parameters()[model.layout().weights + 8], 1.0f);  // the running variance that the file brings
}

TEST_F(Torchscript, InitialWeightsAreThoseOfTheFile) {
  Model model = model_of(module_with("torch.linear(x, self.weight, None)"), 4, 1);
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  EXPECT_EQ(before[0], static_cast<float>(std::sin(1.7f)) * 0.5f);
  std::ranges::fill(model.parameters(), 9.0f);
  model.initialise(public_root(3));
  EXPECT_TRUE(std::ranges::equal(model.parameters(), before));
}

TEST_F(Torchscript, TrainsAsViewsOfTheFlatVector) {
  Model model = model_of(normalised_module(5, 3), 5, 3);
  const at::Tensor x = values({6, 5}, 2.0);
  model.parts().network->set_training(true);
  const TorchSeedGuard seed(1);
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  for (int i = 0; i < 5; ++i) step(model, x);
  for (const TensorSpec& tensor : model.tensors())
    EXPECT_NE(before[tensor.offset], model.parameters()[tensor.offset]) << tensor.name;
  // Writing the vector is writing the module.
  model.parts().network->set_training(false);
  std::ranges::fill(model.parameters().first(model.layout().weights), 0.0f);
  const c10::NoGradGuard no_grad;
  EXPECT_TRUE(model.parts().network->forward(x).eq(0.0).all().item<bool>());
}

TEST_F(Torchscript, DropsAndLearnsStatisticsOnlyInTraining) {
  Model model = model_of(normalised_module(5, 3), 5, 3);
  const at::Tensor x = values({6, 5}, 2.0);
  const c10::NoGradGuard no_grad;
  Network& network = *model.parts().network;
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  const at::Tensor evaluated = network.forward(x);
  EXPECT_TRUE(network.forward(x).equal(evaluated));
  EXPECT_TRUE(std::ranges::equal(model.parameters(), before));
  network.set_training(true);
  EXPECT_FALSE(network.forward(x).equal(network.forward(x)));
  EXPECT_FALSE(std::ranges::equal(model.parameters(), before));
}

TEST_F(Torchscript, CountersStartAnewWithEachTraining) {
  Module module = normalised_module(5, 3);
  Model model = model_of(module, 5, 3);
  const auto counted = [&] {
    std::istringstream file(model.to_torchscript());
    return torch::jit::load(file).attr("norm").toModule().attr("num_batches_tracked").toTensor().item<std::int64_t>();
  };
  model.parts().network->set_training(true);
  (void)model.parts().network->forward(values({6, 5}, 2.0));
  EXPECT_EQ(counted(), 0);  // evaluation mode again
}

TEST_F(Torchscript, TiedWeightsAreOneTensor) {
  const char* const forward = "torch.linear(torch.linear(x, self.weight, None), self.same, None)";
  const auto tied = [&](const at::Tensor& second) {
    Module module = empty_module("Tied");
    const at::Tensor weight = values({4, 4}, 0.5);
    add_parameter(module, "weight", weight);
    add_parameter(module, "same", second.defined() ? second : weight);
    module.define(std::string("def forward(self, x):\n  return ") + forward + "\n");
    return module;
  };
  const at::Tensor x = values({3, 4}, 1.0);
  const auto gradient = [&](const Module& module) {
    Model model = model_of(module, 4, 4);
    EXPECT_EQ(model.layout().weights, 16u);
    step(model, x);
    return model.parts().flat_gradient.clone();
  };
  const at::Tensor same = gradient(tied({}));
  // Two tensors over the same memory, as some exporters leave them.
  Module aliased = tied({});
  aliased.setattr("same", aliased.attr("weight").toTensor().detach().requires_grad_());
  EXPECT_TRUE(gradient(aliased).equal(same));
  // The gradient of both uses: by the two weights apart.
  Model apart = model_of(tied(values({4, 4}, 0.5)), 4, 4);
  EXPECT_EQ(apart.layout().weights, 32u);
  step(apart, x);
  const at::Tensor parts = apart.parts().flat_gradient.view({2, 16}).sum(0);
  EXPECT_TRUE(at::allclose(parts, same, 1e-5, 1e-5));
}

TEST_F(Torchscript, FrozenParametersStayAsTheyAre) {
  Module module = empty_module("Frozen");
  add_parameter(module, "weight", values({1, 4}, 0.5));
  add_parameter(module, "fixed", values({4}, 1.0));
  module.define("def forward(self, x):\n  return torch.linear(x * self.fixed, self.weight, None)\n");
  module.attr("fixed").toTensor().set_requires_grad(false);
  Model model = model_of(module, 4, 1);
  EXPECT_EQ(model.layout().weights, 4u);
  EXPECT_EQ(model.layout().buffers, 0u);
}

TEST_F(Torchscript, OutputsAreRowsTimesOutputs) {
  const c10::NoGradGuard no_grad;
  const at::Tensor x = values({7, 4}, 1.0);
  for (const char* one : {"torch.linear(x, self.weight, None)", "torch.linear(x, self.weight, None)[:, 0]"}) {
    Model model = model_of(module_with(one), 4, 1);
    EXPECT_EQ(model.parts().network->forward(x).sizes(), (std::vector<std::int64_t>{7, 1})) << one;
  }
  Model model = model_of(module_with("torch.linear(x, self.weight, None)", 3), 4, 3);
  EXPECT_EQ(model.parts().network->forward(x).sizes(), (std::vector<std::int64_t>{7, 3}));
}

TEST_F(Torchscript, TakesSamplesInTheirShape) {
  const std::string path = save(module_with("torch.linear(x.permute(0, 2, 1).sum(1).repeat(1, 2), self.weight, None)"));
  EXPECT_EQ(
      make_model({.name = "", .inputs = 6, .outputs = 1, .sample_shape = {2, 3}, .torchscript = path}).layout().weights,
      4u);
  EXPECT_NE(refusal_of({.name = "", .inputs = 6, .outputs = 1, .torchscript = path}).find("batch of shape [2, 6]"),
            std::string::npos);
}

TEST_F(Torchscript, WrongOutputsAreNamed) {
  const char* const linear = "torch.linear(x, self.weight, None)";
  EXPECT_NE(refusal(module_with(linear, 2)).find("returned shape [2, 2] for a batch of shape [2, 4]; [2] or [2, 1] is"),
            std::string::npos);
  EXPECT_NE(refusal(module_with(linear, 2), 4, 3).find("[2, 3] (one column a class) is wanted"), std::string::npos);
  EXPECT_NE(refusal(module_with("(x, self.weight)")).find("forward returned Tuple"), std::string::npos);
  EXPECT_NE(refusal(module_with("torch.linear(x, self.weight, None).double()")).find("returned type Double"),
            std::string::npos);
  EXPECT_NE(refusal(module_with("torch.linear(x, self.weight, None).sum()")).find("returned shape []"),
            std::string::npos);
  const std::string features = refusal(module_with(linear), 5);
  EXPECT_NE(features.find("forward failed on a batch of shape [2, 5]: mat1 and mat2 shapes cannot be multiplied"),
            std::string::npos)
      << features;
  EXPECT_NE(refusal(module_with("torch.linear(x.view(2, 4), self.weight, None)")).find("batch of shape [3, 4]"),
            std::string::npos);
}

TEST_F(Torchscript, WrongModulesAreNamed) {
  Module module = empty_module("Bare");
  add_parameter(module, "weight", values({1, 4}, 0.5));
  EXPECT_NE(refusal(module).find("no method forward"), std::string::npos);
  module.define("def forward(self, x, y):\n  return x + y + self.weight\n");
  EXPECT_NE(refusal(module).find("forward takes 2 tensors"), std::string::npos);
  Module none = empty_module("WithoutAny");
  none.define("def forward(self, x):\n  return x[:, 0]\n");
  EXPECT_NE(refusal(none).find("no parameter that can be trained"), std::string::npos) << refusal(none);
  Module wide = empty_module("Wide");
  add_parameter(wide, "weight", at::ones({1, 4}, at::kDouble));
  wide.define("def forward(self, x):\n  return torch.linear(x, self.weight.float(), None)\n");
  EXPECT_NE(refusal(wide).find("parameter weight has type Double"), std::string::npos);
  Module buffer = module_with("torch.linear(x, self.weight, None)");
  buffer.register_buffer("table", at::ones({3}, at::kHalf));
  EXPECT_NE(refusal(buffer).find("buffer table has type Half"), std::string::npos);
  for (const char* does : {"torch.save(x, '/tmp/x')", "x = x + torch.from_file('/etc/passwd', False, 4)"}) {
    Module spy = empty_module("Spy");
    add_parameter(spy, "weight", values({1, 4}, 0.5));
    spy.define(std::string("def helper(self, x):\n  if self.training:\n    ") + does + "\n  return x\n");
    spy.define("def forward(self, x):\n  return torch.linear(self.helper(x), self.weight, None)\n");
    EXPECT_NE(refusal(spy).find("reads or writes files"), std::string::npos) << does;
  }
}

/// forward(x) runs `line` before it returns a linear layer of x, with a value in self.state.
Module module_that(const std::string& line, const c10::TypePtr& type, const c10::IValue& state) {
  Module module = empty_module("Stateful");
  add_parameter(module, "weight", values({1, 4}, 0.5));
  if (type->isSubtypeOf(*c10::TensorType::get()))
    module.register_attribute("state", type, state, /*is_parameter=*/false, /*is_buffer=*/false);
  else
    module.register_attribute("state", type, state);
  module.define("def forward(self, x):\n  if self.training:\n    " + line +
                "\n  return torch.linear(x, self.weight, None)\n");
  return module;
}

TEST_F(Torchscript, StateThatNobodyAveragesIsRefused) {
  const auto tensors = c10::ListType::ofTensors();
  const c10::List<at::Tensor> list({at::zeros({1})});
  c10::Dict<std::string, at::Tensor> dict;
  dict.insert("a", at::zeros({1}));
  const auto by_name = c10::DictType::create(c10::StringType::get(), c10::TensorType::get());
  const std::string assigned = refusal(module_that("self.state += 1", c10::IntType::get(), 0));
  EXPECT_NE(assigned.find("forward assigns the attribute state; change buffers in place (self.state.mul_("),
            std::string::npos)
      << assigned;
  const std::string changed = refusal(module_that("self.state.add_(x.sum())", c10::TensorType::get(), at::zeros({})));
  EXPECT_NE(changed.find("forward changes the attribute state, which is no buffer"), std::string::npos) << changed;
  EXPECT_EQ(refusal(module_that("self.state[0] = self.state[0] + x.sum()", tensors, list.copy())), changed);
  EXPECT_EQ(refusal(module_that("self.state[0].add_(1.0)", tensors, list.copy())), changed);
  EXPECT_EQ(refusal(module_that("self.state.append(x)", tensors, list.copy())), changed);
  EXPECT_EQ(refusal(module_that("self.state['b'] = x.sum()", by_name, dict.copy())), changed);
  EXPECT_EQ(refusal(module_that("x = x + self.state[0].sum()", tensors, list.copy())), "accepted");
}

TEST_F(Torchscript, ABufferThatIsReplacedIsRefused) {
  const auto module_with_buffer = [](const std::string& line) {
    Module module = empty_module("Moving");
    add_parameter(module, "weight", values({1, 4}, 0.5));
    module.register_buffer("ema", at::zeros({1}));
    module.define("def forward(self, x):\n  if self.training:\n    " + line +
                  "\n  return torch.linear(x, self.weight, None) + self.ema\n");
    return module;
  };
  Module outer = empty_module("Outer");
  outer.register_module("inner", module_with_buffer("self.ema = 0.9 * self.ema + x.detach().mean()"));
  outer.define("def forward(self, x):\n  return self.inner.forward(x)\n");
  EXPECT_NE(refusal(outer).find("forward assigns the attribute ema"), std::string::npos);
  Model model = model_of(module_with_buffer("self.ema.mul_(0.9).add_(x.detach().mean())"), 4, 1);
  EXPECT_EQ(model.parameters().back(), 0.0f);                                           // trying it out leaves no trace
  EXPECT_EQ(refusal(module_with_buffer("self.ema += x.detach().mean()")), "accepted");  // in place too
}

// Only later batches may show it: found at the latest before another silo trains or anybody evaluates.
TEST_F(Torchscript, StateThatChangesLaterIsRefusedThen) {
  Model model = model_of(module_that("if float(x.sum()) > 100.0:\n      self.state.append(x)",
                                     c10::ListType::ofTensors(), c10::List<at::Tensor>()),
                         4, 1);
  model.parts().network->set_training(true);
  step(model, at::ones({3, 4}));
  EXPECT_NO_THROW(model.parts().network->set_training(false));
  model.parts().network->set_training(true);
  step(model, at::full({3, 4}, 50.0));
  EXPECT_THROW(model.parts().network->set_training(false), ConfigError);
}

TEST_F(Torchscript, AListOfTheParametersIsTrainedWithThem) {
  Module module = empty_module("Recurrent");
  const at::Tensor weight = values({1, 4}, 0.5);
  add_parameter(module, "weight", weight);
  module.register_attribute("all", c10::ListType::ofTensors(), c10::List<at::Tensor>({weight}));
  module.define("def forward(self, x):\n  return torch.linear(x, self.all[0], None)\n");
  Model model = model_of(module, 4, 1);
  model.parts().network->set_training(true);
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  step(model, values({3, 4}, 1.0));
  EXPECT_NO_THROW(model.parts().network->set_training(false));
  EXPECT_NE(model.parameters()[0], before[0]);
}

TEST_F(Torchscript, AFailingBackwardStepIsNamed) {
  EXPECT_NE(refusal(module_with("torch.linear(x, self.weight, None).detach()")).find("result has no gradient"),
            std::string::npos);
  const std::string in_place = refusal(module_with("torch.exp(torch.linear(x, self.weight, None)).add_(1.0)"));
  EXPECT_NE(in_place.find("backward failed on a batch of shape [2, 4]: "), std::string::npos) << in_place;
  EXPECT_NE(in_place.find("modified by an inplace operation"), std::string::npos) << in_place;
}

TEST_F(Torchscript, KnowsWhetherOneRowCanBeTrainedOn) {
  EXPECT_FALSE(model_of(normalised_module(5, 3), 5, 3).parts().network->trains_on_single_rows());
  EXPECT_TRUE(
      model_of(module_with("torch.linear(x, self.weight, None)"), 4, 1).parts().network->trains_on_single_rows());
  Module masked = empty_module("Masked");
  add_parameter(masked, "weight", values({1, 4}, 0.5));
  masked.register_buffer(
      "mask", at::full({4}, -std::numeric_limits<float>::infinity()).index_fill_(0, at::zeros({1}, at::kLong), 0.0));
  masked.define("def forward(self, x):\n  return torch.linear(torch.softmax(x + self.mask, 1), self.weight, None)\n");
  EXPECT_TRUE(model_of(masked, 4, 1).parts().network->trains_on_single_rows());
}

TEST_F(Torchscript, WrongFilesAreNamed) {
  const auto with_bytes = [&](const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return refusal_of({.name = "", .inputs = 4, .outputs = 1, .torchscript = path_});
  };
  EXPECT_NE(with_bytes("").find("does not begin like an archive"), std::string::npos);
  EXPECT_NE(with_bytes("\x80\x02}q").find("state_dict"), std::string::npos);
  EXPECT_NE(with_bytes("PK\x03\x04 m/data.pkl").find("state_dict"), std::string::npos);
  EXPECT_NE(with_bytes("PK\x03\x04 m/constants.pkl").find("cannot be loaded"), std::string::npos);
  save(module_with("torch.linear(x, self.weight, None)"));
  std::ifstream whole(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  for (const std::size_t part : {2, 3, 4}) EXPECT_NE(with_bytes(bytes.substr(0, bytes.size() * part / 5)), "accepted");
  const auto at_path = [](const std::string& path) {
    return refusal_of({.name = "", .inputs = 4, .outputs = 1, .torchscript = path});
  };
  EXPECT_NE(at_path("/no/such.pt").find("no such file"), std::string::npos);
  EXPECT_NE(at_path("/dev/null").find("not a regular file"), std::string::npos);
  EXPECT_NE(at_path(testing::TempDir()).find("not a regular file"), std::string::npos);
  std::ofstream(path_, std::ios::trunc).close();
  std::filesystem::resize_file(path_, (std::uintmax_t{2} << 30) + 1);  // sparse
  EXPECT_NE(at_path(path_).find("2147483649 bytes; at most"), std::string::npos);
  std::filesystem::remove(path_);
}

TEST_F(Torchscript, TheFileIsPartOfTheSchemaAndCanBePinned) {
  Model model = model_of(module_with("torch.linear(x, self.weight, None)"), 4, 1);
  EXPECT_EQ(model.torchscript_sha256().size(), 64u);
  const std::string sum = model.torchscript_sha256();
  EXPECT_EQ(make_model({.name = "", .inputs = 4, .outputs = 1, .torchscript = path_, .torchscript_sha256 = sum})
                .schema_hash(),
            model.schema_hash());
  Model other = model_of(module_with("torch.linear(x, self.weight, None) * 2"), 4, 1);
  EXPECT_NE(other.schema_hash(), model.schema_hash());
  const std::string refused =
      refusal_of({.name = "", .inputs = 4, .outputs = 1, .torchscript = path_, .torchscript_sha256 = sum});
  EXPECT_NE(refused.find("its SHA-256 is " + other.torchscript_sha256() + ", expected " + sum), std::string::npos);
}

TEST_F(Torchscript, GoesBackIntoAFile) {
  Model model = model_of(normalised_module(5, 3), 5, 3);
  const at::Tensor x = values({6, 5}, 2.0);
  model.parts().network->set_training(true);
  for (int i = 0; i < 3; ++i) step(model, x);
  const std::string bytes = model.to_torchscript();
  EXPECT_LT(bytes.size(), 40000u);
  const at::Tensor expected = model.parts().network->forward(x);
  std::ofstream(path_, std::ios::binary) << bytes;
  Model again = make_model({.name = "", .inputs = 5, .outputs = 3, .torchscript = path_});
  EXPECT_TRUE(std::ranges::equal(again.parameters(), model.parameters()));
  EXPECT_EQ(again.layout().weights, model.layout().weights);
  const c10::NoGradGuard no_grad;
  EXPECT_TRUE(again.parts().network->forward(x).equal(expected.detach()));
}

}  // namespace
}  // namespace crossilo
