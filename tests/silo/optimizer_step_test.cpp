// Aim: each local optimizer's steps are torch's and the formulas', with decay, clipping and FedProx's pull.
// Method: 20 steps on random gradients beside torch::optim (float) and tests/oracle (double), also of its twin for
// devices, on the processor; analytic FedProx.
#include "../../src/silo/optimizer_step.hpp"

#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "../../src/silo/device_step.hpp"
#include "oracle/local_optimizers.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kCount = 1003;  // no multiple of any vector
constexpr int kSteps = 20;

std::vector<float> random_vector(std::uint64_t seed, float scale) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(kCount);
  for (float& value : values) value = normal(generator);
  return values;
}

/// Gradients shrink from step to step, so that clipping bounds the first ones only.
std::vector<float> gradient_of(int step) {
  return random_vector(100 + static_cast<std::uint64_t>(step), 1.0f / static_cast<float>(step * step));
}

double rate_of(const TrainOptions& options, int step) { return options.learning_rate / (1.0 + 0.1 * step); }

struct Flat {
  explicit Flat(const OptimizerStep& step, std::vector<float> start)
      : parameters(start), gradient(start.size()), anchor(start), state(step.state_vectors() * start.size()) {}
  StepVectors vectors() { return {.parameters = parameters, .gradient = gradient, .anchor = anchor, .state = state}; }
  std::vector<float> parameters, gradient, anchor, state;
};

const TrainOptions kCases[] = {
    {.momentum = 0.0},
    {.momentum = 0.9},
    {.momentum = 0.9, .weight_decay = 0.01},
    {.momentum = 0.5, .weight_decay = 0.01, .gradient_clip_norm = 2.0},
    {.optimizer = LocalOptimizer::adam, .learning_rate = 0.01},
    {.optimizer = LocalOptimizer::adam, .learning_rate = 0.01, .weight_decay = 0.1, .gradient_clip_norm = 2.0},
    {.optimizer = LocalOptimizer::adam,
     .learning_rate = 0.01,
     .adam_beta1 = 0.8,
     .adam_beta2 = 0.99,
     .adam_epsilon = 0.1},
    {.optimizer = LocalOptimizer::adamw, .learning_rate = 0.01, .weight_decay = 0.1},
    {.optimizer = LocalOptimizer::adamw, .learning_rate = 0.01, .weight_decay = 0.0, .gradient_clip_norm = 2.0},
};

std::unique_ptr<torch::optim::Optimizer> torch_optimizer(const TrainOptions& o, const at::Tensor& p) {
  if (o.optimizer == LocalOptimizer::sgd)
    return std::make_unique<torch::optim::SGD>(
        std::vector{p}, torch::optim::SGDOptions(o.learning_rate).momentum(o.momentum).weight_decay(o.weight_decay));
  const auto betas = std::make_tuple(o.adam_beta1, o.adam_beta2);
  if (o.optimizer == LocalOptimizer::adam)
    return std::make_unique<torch::optim::Adam>(
        std::vector{p},
        torch::optim::AdamOptions(o.learning_rate).betas(betas).eps(o.adam_epsilon).weight_decay(o.weight_decay));
  return std::make_unique<torch::optim::AdamW>(
      std::vector{p},
      torch::optim::AdamWOptions(o.learning_rate).betas(betas).eps(o.adam_epsilon).weight_decay(o.weight_decay));
}

at::Tensor tensor_of(std::vector<float>& values) {
  return torch::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}).clone();
}

TEST(OptimizerStep, AgreesWithTorchOverTwentySteps) {
  for (const TrainOptions& options : kCases) {
    const OptimizerStep step(options);
    Flat flat(step, random_vector(1, 1.0f));
    at::Tensor p = tensor_of(flat.parameters).requires_grad_();
    const auto optimizer = torch_optimizer(options, p);
    for (int number = 1; number <= kSteps; ++number) {
      flat.gradient = gradient_of(number);
      p.mutable_grad() = tensor_of(flat.gradient);
      if (options.gradient_clip_norm > 0.0) torch::nn::utils::clip_grad_norm_(p, options.gradient_clip_norm);
      for (auto& group : optimizer->param_groups()) group.options().set_lr(rate_of(options, number));
      optimizer->step();
      step(rate_of(options, number), static_cast<std::uint64_t>(number), flat.vectors());
      EXPECT_EQ(flat.gradient, std::vector<float>(kCount, 0.0f));
    }
    const float* expected = p.const_data_ptr<float>();
    for (std::size_t i = 0; i < kCount; ++i)
      ASSERT_NEAR(flat.parameters[i], expected[i], 1e-6 * (1.0 + std::abs(expected[i]))) << &options - kCases;
    EXPECT_NE(flat.parameters, flat.anchor);
  }
}

TEST(OptimizerStep, AgreesWithTheFormulas) {
  for (TrainOptions options : kCases)
    for (const double mu : {0.0, 0.7}) {
      options.proximal_mu = mu;
      const OptimizerStep step(options);
      Flat flat(step, random_vector(1, 1.0f));
      oracle::LocalOptimizer expected(options, {flat.parameters.begin(), flat.parameters.end()});
      for (int number = 1; number <= kSteps; ++number) {
        flat.gradient = gradient_of(number);
        expected.step(rate_of(options, number), {flat.gradient.begin(), flat.gradient.end()});
        step(rate_of(options, number), static_cast<std::uint64_t>(number), flat.vectors());
      }
      for (std::size_t i = 0; i < kCount; ++i)
        ASSERT_NEAR(flat.parameters[i], expected.parameters()[i], 5e-6 * (1.0 + std::abs(expected.parameters()[i])));
    }
}

TEST(DeviceStep, AgreesWithTheFormulas) {
  for (TrainOptions options : kCases)
    for (const double mu : {0.0, 0.7}) {
      options.proximal_mu = mu;
      std::vector<float> start = random_vector(1, 1.0f);
      const at::Tensor parameters = tensor_of(start);
      const at::Tensor gradient = torch::zeros({kCount});
      DeviceStep step(options, parameters, gradient);
      oracle::LocalOptimizer expected(options, {start.begin(), start.end()});
      for (int number = 1; number <= kSteps; ++number) {
        std::vector<float> now = gradient_of(number);
        gradient.copy_(tensor_of(now));
        expected.step(rate_of(options, number), {now.begin(), now.end()});
        step(rate_of(options, number), static_cast<std::uint64_t>(number));
        EXPECT_EQ(gradient.count_nonzero().item<std::int64_t>(), 0);
      }
      for (std::size_t i = 0; i < kCount; ++i)
        ASSERT_NEAR(parameters.const_data_ptr<float>()[i], expected.parameters()[i],
                    5e-6 * (1.0 + std::abs(expected.parameters()[i])));
    }
}

// f_i(y) = a_i/2 (y - c_i)^2 with a = (1, 4), c = (0, 10), mu = 1: each silo goes to (a c + mu x)/(a + mu), and the
// mean of the two to 6.153846153846 (Li et al. 2020; the fixed point of x = mean of these).
TEST(OptimizerStep, FedProxReachesItsFixedPoint) {
  const OptimizerStep step({.momentum = 0.0, .proximal_mu = 1.0});
  double x = 0.0;
  for (int round = 0; round < 60; ++round) {
    double mean = 0.0;
    for (const auto& [a, c] : {std::pair{1.0, 0.0}, std::pair{4.0, 10.0}}) {
      Flat flat(step, {static_cast<float>(x)});
      for (std::uint64_t number = 1; number <= 200; ++number) {
        flat.gradient[0] = static_cast<float>(a * (flat.parameters[0] - c));
        step(0.1, number, flat.vectors());
      }
      EXPECT_NEAR(flat.parameters[0], (a * c + x) / (a + 1.0), 1e-5);
      mean += 0.5 * flat.parameters[0];
    }
    x = mean;
  }
  EXPECT_NEAR(x, 6.153846153846, 1e-5);
}

TEST(OptimizerStep, ClippingBoundsTheStepAndLeavesSmallGradientsAlone) {
  const OptimizerStep step({.momentum = 0.0, .gradient_clip_norm = 3.0});
  for (const float scale : {1e-3f, 10.0f, 1e30f}) {
    Flat flat(step, std::vector<float>(kCount, 0.0f));
    flat.gradient = random_vector(2, scale);
    double squares = 0.0;
    for (const float value : flat.gradient) squares += double{value} * double{value};
    step(1.0, 1, flat.vectors());
    double moved = 0.0;
    for (const float value : flat.parameters) moved += double{value} * double{value};
    EXPECT_NEAR(std::sqrt(moved), std::min(3.0, std::sqrt(squares)), 1e-5);
  }
}

TEST(OptimizerStep, WhatIsNotFiniteStaysSo) {
  for (TrainOptions options : kCases)
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const OptimizerStep step(options);
      Flat flat(step, std::vector<float>(kCount, 1.0f));
      flat.gradient[500] = bad;
      step(0.1, 1, flat.vectors());
      EXPECT_FALSE(std::isfinite(flat.parameters[500]));
    }
}

}  // namespace
}  // namespace crossilo
