// Aim: the next global model is the golden one, and a round without contributions changes nothing.
// Method: values worked out by hand, chosen so that rounding in float at each step would differ.
#include "crossilo/aggregate/server_optimizer.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/base/float_mode.hpp"

namespace crossilo {
namespace {

RoundTotal total_of(const std::vector<float>& mean, double share = 1.0) {
  return {.mean = mean, .statistics = {}, .contributed_share = share};
}

TEST(FedAvg, AddsTheMeanDelta) {
  const std::vector<float> mean{0.5F, -1.0F, 0.0F, 2.0F};
  std::vector<float> parameters{1.0F, 2.0F, -3.0F, 0.25F};
  FedAvg(1.0).step(total_of(mean), parameters);
  EXPECT_EQ(parameters, (std::vector<float>{1.5F, 1.0F, -3.0F, 2.25F}));
  FedAvg(0.5).step(total_of(mean), parameters);
  EXPECT_EQ(parameters, (std::vector<float>{1.75F, 0.5F, -3.0F, 3.25F}));
}

TEST(FedAvg, RoundsOnceFromDouble) {
  // 16777216 + 1.5 lies nearest to 16777218; 0.1F - 0.1 is not zero in double, in float it would be.
  const std::vector<float> mean{0.3F, 15.0F, -1.0F};
  std::vector<float> parameters{1.0F, 16777216.0F, 0.1F};
  FedAvg(0.1).step(total_of(mean), parameters);
  EXPECT_EQ(parameters[0], 0x1.07ae14p+0F);
  EXPECT_EQ(parameters[1], 16777218.0F);
  EXPECT_EQ(parameters[2], 0x1.99999ap-30F);
}

TEST(FedAvg, NothingContributedChangesNothing) {
  const std::vector<float> mean{5.0F};
  std::vector<float> parameters{1.0F};
  FedAvg(1.0).step(total_of(mean, 0.0), parameters);
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
  optimizer->step(total_of(mean), expected);
  _mm_setcsr(flushing_and_upwards);
  optimizer->step(total_of(mean), parameters);
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
  EXPECT_THROW(FedAvg(1.0).step(total_of(mean), parameters), InternalError);
}

}  // namespace
}  // namespace crossilo
