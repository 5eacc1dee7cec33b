// Aim: a model that computes on a device trains and evaluates as one in the host's memory, and leaves its values there.
// Method: every kind of network, twice: as usual, and with memory of its own ("cpu" as a device; a GPU where one is).
#include <gtest/gtest.h>

#include <sstream>

#include "crossilo/foreign/cuda.hpp"
#include "crossilo/foreign/torch.hpp"
#include "silo/linear_silo.hpp"
#include "support/scripted_module.hpp"

namespace crossilo::test {
namespace {

const TorchSession kTorch;

std::vector<std::string> devices() {
  std::vector<std::string> names{"cpu"};
  if (!find_cuda_devices().ids.empty()) names.push_back(use_torch_on_gpu(0));
  return names;
}

std::string scripted_file() {
  const std::string path = testing::TempDir() + "crossilo_device_training.pt";
  normalised_module(16, 3).save(path);
  return path;
}

std::vector<ModelSpec> specs() {
  return {{.name = "logreg", .inputs = 16, .outputs = 3},
          {.name = "mlp", .inputs = 16, .outputs = 3, .hidden = {8, 4}},
          {.name = "cnn", .inputs = 16, .outputs = 3, .sample_shape = {4, 4}, .hidden = {8}, .channels = {4, 4}},
          {.name = "", .inputs = 16, .outputs = 3, .torchscript = scripted_file()}};
}

constexpr TrainOptions kOptions[] = {
    {.learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.01, .proximal_mu = 0.1, .batch_size = 8},
    {.optimizer = LocalOptimizer::adamw, .learning_rate = 0.01, .gradient_clip_norm = 1.0, .batch_size = 8},
};

SiloData rows_for(const ModelSpec& spec) {
  SiloSchema made = schema(Task::multiclass, 16, 3);
  if (!spec.sample_shape.empty()) made.sample_shape = spec.sample_shape;
  return random_silo(made, 60, 20, 3);
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-5) << what << ", number " << i;
}

void expect_alike(const ModelSpec& spec, const TrainOptions& options, const std::string& device) {
  const std::string what = spec.name + " on " + device;
  const SiloData data = rows_for(spec);
  Model usual = make_model(spec);
  Model moved = make_model(spec);
  moved.compute_on(device);
  for (Model* model : {&usual, &moved}) model->initialise(public_root(1));
  const std::vector<float> global(usual.parameters().begin(), usual.parameters().end());
  LocalSilo silo = silo_with(data, usual, options);
  LocalSilo on_device = silo_with(data, moved, options);
  for (const std::uint32_t round : {1u, 2u}) {  // nothing of a round stays in the next
    const std::vector<float> delta = train(silo, global, round);
    expect_near(train(on_device, global, round), delta, what);
    EXPECT_GT(*std::ranges::max_element(delta), 1e-3f) << "nothing was learned";
    expect_near({moved.parameters().begin(), moved.parameters().end()},
                {usual.parameters().begin(), usual.parameters().end()}, what);
  }
  const double loss = silo.evaluate({.parameters = global}).test.loss;
  EXPECT_NEAR(on_device.evaluate({.parameters = global}).test.loss, loss, 1e-3 * loss) << what;
}

TEST(DeviceTraining, GivesTheDeltasOfTheUsualWay) {
  for (const std::string& device : devices())
    for (const ModelSpec& spec : specs())
      for (const TrainOptions& options : kOptions) {
        if (!spec.torchscript.empty() && device != "cpu") continue;  // its dropout draws from another generator there
        expect_alike(spec, options, device);
      }
}

TEST(DeviceTraining, AScriptedModuleIsWrittenWithWhatTheHostHas) {
  const ModelSpec spec = specs().back();
  for (const std::string& device : devices()) {
    Model model = make_model(spec);
    model.compute_on(device);
    std::ranges::fill(model.parameters(), 0.25f);
    std::istringstream file(model.to_torchscript());
    for (const at::Tensor& tensor : torch::jit::load(file).parameters()) {
      EXPECT_TRUE(tensor.is_cpu());
      EXPECT_TRUE(tensor.eq(0.25f).all().item<bool>());
    }
  }
}

}  // namespace
}  // namespace crossilo::test
