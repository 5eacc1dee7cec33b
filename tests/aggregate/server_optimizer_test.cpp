// Aim: the next global model is the golden one, and a round without contributions changes nothing.
// Method: values worked out by hand, chosen so that rounding in float at each step would differ.
#include "crossilo/aggregate/server_optimizer.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/base/float_mode.hpp"
#include "support/fake_line.hpp"

namespace crossilo {
namespace {

/// A step of a model without buffers.
void step(ServerOptimizer&& optimizer, const std::vector<float>& mean, std::vector<float>& parameters,
          double share = 1.0) {
  testing::GivenMeans means(mean);
  optimizer.step({.mean = &means, .statistics = {}, .contributed_share = share}, {.weights = parameters.size()},
                 parameters);
}
void step(ServerOptimizer& optimizer, const std::vector<float>& mean, std::vector<float>& parameters) {
  step(std::move(optimizer), mean, parameters);
}

TEST(FedAvg, AddsTheMeanDelta) {
  const std::vector<float> mean{0.5F, -1.0F, 0.0F, 2.0F};
  std::vector<float> parameters{1.0F, 2.0F, -3.0F, 0.25F};
  step(FedAvg(1.0), mean, parameters);
  EXPECT_EQ(parameters, (std::vector<float>{1.5F, 1.0F, -3.0F, 2.25F}));
  step(FedAvg(0.5), mean, parameters);
  EXPECT_EQ(parameters, (std::vector<float>{1.75F, 0.5F, -3.0F, 3.25F}));
}

TEST(FedAvg, RoundsOnceFromDouble) {
  // 16777216 + 1.5 lies nearest to 16777218; 0.1F - 0.1 is not zero in double, in float it would be.
  const std::vector<float> mean{0.3F, 15.0F, -1.0F};
  std::vector<float> parameters{1.0F, 16777216.0F, 0.1F};
  step(FedAvg(0.1), mean, parameters);
  EXPECT_EQ(parameters[0], 0x1.07ae14p+0F);
  EXPECT_EQ(parameters[1], 16777218.0F);
  EXPECT_EQ(parameters[2], 0x1.99999ap-30F);
}

TEST(FedAvg, NothingContributedChangesNothing) {
  const std::vector<float> mean{5.0F};
  std::vector<float> parameters{1.0F};
  step(FedAvg(1.0), mean, parameters, 0.0);
  EXPECT_EQ(parameters[0], 1.0F);
}

#if defined(__x86_64__)
TEST(FedAvg, PinsTheModeOfFloatsAndGivesTheCallersBack) {
  const unsigned callers = _mm_getcsr();
  const unsigned flushing_and_upwards = callers | 0x8040u | 0x4000u;
  const std::vector<float> mean{0x1p-140F, 0.3F};
  std::vector<float> parameters{0x1p-141F, 1.0F};
  const std::unique_ptr<ServerOptimizer> optimizer = std::make_unique<FedAvg>(0.1);
  std::vector<float> expected = parameters;
  step(*optimizer, mean, expected);
  _mm_setcsr(flushing_and_upwards);
  step(*optimizer, mean, parameters);
  const unsigned afterwards = _mm_getcsr();
  _mm_setcsr(callers);
  EXPECT_EQ(afterwards & 0xe040u, flushing_and_upwards & 0xe040u);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(parameters[0]), std::bit_cast<std::uint32_t>(expected[0]));
  EXPECT_NE(expected[0], 0.0F);
  EXPECT_EQ(parameters[1], expected[1]);
}
#endif

TEST(FedAvg, SizesMustAgree) {
  const std::vector<float> mean{5.0F, 6.0F};
  std::vector<float> parameters{1.0F};
  EXPECT_THROW(step(FedAvg(1.0), mean, parameters), InternalError);
}

TEST(FedAvg, BuffersTakeTheMeanAsItIsAndVariancesStayAtZeroOrAbove) {
  const std::vector<float> mean{1.0F, 2.0F, -3.0F, -0.5F};
  const std::vector<float> parameters{0.0F, 1.0F, 1.0F, 1.0F};
  const ParameterLayout layout{.weights = 1, .buffers = 3, .non_negative = {{.offset = 2, .count = 2}}};
  for (const std::size_t stretch : {1U, 2U, 3U, 4U}) {  // the border lies at the end of one, and within one
    std::vector<float> stepped = parameters;
    testing::GivenMeans means(mean, stretch);
    FedAvg(0.5).step({.mean = &means, .statistics = {}, .contributed_share = 1.0}, layout, stepped);
    EXPECT_EQ(stepped, (std::vector<float>{0.5F, 3.0F, 0.0F, 0.5F}));
  }
}

/// x, m and v of a rule, in plain double.
struct Oracle {
  double x = 0.0, m = 0.0, v = 0.0;
  void step(const FedOpt::Options& o, double d) {
    m = o.beta1 * m + (1.0 - o.beta1) * d;
    if (o.second_moment == SecondMoment::adagrad) v += d * d;
    if (o.second_moment == SecondMoment::adam) v = o.beta2 * v + (1.0 - o.beta2) * d * d;
    if (o.second_moment == SecondMoment::yogi) v -= (1.0 - o.beta2) * d * d * ((v > d * d) - (v < d * d));
    x += o.server_learning_rate * m / (std::sqrt(v) + o.tau);
  }
};

TEST(FedOpt, GivesTheGoldenValues) {
  // Two steps from 0 with deltas (.1, -.2) and (.05, .1), learning rate .1, tau 1e-3: Reddi et al. 2021, algorithm 2.
  const std::map<SecondMoment, std::vector<float>> golden = {
      {SecondMoment::adagrad, {0.0099005F, -0.00995012F, 0.02231098F, -0.01351187F}},
      {SecondMoment::adam, {0.09050283F, -0.09512605F, 0.20545055F, -0.12947106F}},
      {SecondMoment::yogi, {0.09049876F, -0.09512492F, 0.20501844F, -0.12933777F}}};
  for (const auto& [rule, expected] : golden) {
    FedOpt optimizer({.second_moment = rule}, 2);
    std::vector<float> x(2);
    step(optimizer, {0.1F, -0.2F}, x);
    EXPECT_NEAR(x[0], expected[0], 2e-8);
    EXPECT_NEAR(x[1], expected[1], 2e-8);
    step(optimizer, {0.05F, 0.1F}, x);
    EXPECT_NEAR(x[0], expected[2], 5e-8);
    EXPECT_NEAR(x[1], expected[3], 5e-8);
  }
}

TEST(FedOpt, FollowsADoubleOracleOverFiftySteps) {
  for (const SecondMoment rule : {SecondMoment::adagrad, SecondMoment::adam, SecondMoment::yogi}) {
    const FedOpt::Options options{.second_moment = rule, .server_learning_rate = 0.03, .beta1 = 0.8, .beta2 = 0.95};
    constexpr std::size_t kWeights = 17;
    FedOpt optimizer(options, kWeights);
    std::vector<Oracle> oracle(kWeights, Oracle{.v = options.tau * options.tau});
    std::vector<float> x(kWeights);
    std::mt19937 generator(5);
    std::normal_distribution<float> normal(0.0F, 0.1F);
    for (int round = 0; round < 50; ++round) {
      std::vector<float> delta(kWeights);
      for (float& value : delta) value = normal(generator);
      step(optimizer, delta, x);
      for (std::size_t i = 0; i < kWeights; ++i) oracle[i].step(options, delta[i]);
    }
    for (std::size_t i = 0; i < kWeights; ++i) EXPECT_NEAR(x[i], oracle[i].x, 2e-6) << i;
    ASSERT_EQ(optimizer.state().size(), 2u);
    EXPECT_NEAR(optimizer.state()[1][3], oracle[3].v, 1e-6);
  }
}

TEST(FedAvgM, KeepsItsMomentum) {
  FedAvgM optimizer({.server_learning_rate = 0.5, .momentum = 0.5}, 1);
  std::vector<float> x(1);
  for (int round = 0; round < 3; ++round) step(optimizer, {1.0F}, x);  // m: 1, 1.5, 1.75
  EXPECT_EQ(x[0], 0.5F * (1.0F + 1.5F + 1.75F));
  EXPECT_EQ(optimizer.state()[0][0], 1.75F);
}

TEST(FedOpt, ARoundWithoutContributionsLeavesTheStateAlone) {
  FedOpt optimizer({}, 1);
  std::vector<float> x(1);
  step(std::move(optimizer), {1.0F}, x, 0.0);
  EXPECT_EQ(optimizer.state()[0][0], 0.0F);
  EXPECT_EQ(x[0], 0.0F);
}

TEST(FedOpt, LeavesBuffersThatFillWholeStretchesToTheMean) {
  for (const std::size_t stretch : {1U, 2U}) {
    FedOpt optimizer({}, 1);
    std::vector<float> x(5);
    const std::vector<float> mean{0.0F, 1.0F, 2.0F, 3.0F, 4.0F};
    testing::GivenMeans means(mean, stretch);
    optimizer.step({.mean = &means, .statistics = {}, .contributed_share = 1.0}, {.weights = 1, .buffers = 4}, x);
    EXPECT_EQ(x, mean);
  }
}

}  // namespace
}  // namespace crossilo
