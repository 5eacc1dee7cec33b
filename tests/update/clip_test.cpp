// Aim: a clipped update is finite, or it abstains, and its norm never exceeds the bound.
// Method: norms by a plain long double loop; values that are not finite at every position of a vector.
#include "crossilo/update/clip.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "crossilo/base/error.hpp"
#include "support/fake_line.hpp"

namespace crossilo {
namespace {

using testing::clipped;
using testing::SiloBuffers;

long double norm_of(std::span<const float> values) {
  long double sum = 0;
  for (const float value : values) sum += static_cast<long double>(value) * value;
  return std::sqrt(sum);
}

std::vector<float> random_values(std::size_t count, float scale) {
  std::mt19937 generator(static_cast<unsigned>(count));
  std::normal_distribution<float> normal(0.0F, scale);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

SiloBuffers buffers_for(const std::vector<float>& values) {
  return SiloBuffers(testing::layout_of({{.name = "model_delta", .parameters = values.size()}}));
}

TEST(Clip, ScalesLongUpdatesDownToTheBound) {
  for (const std::size_t count : {1U, 7U, 8U, 9U, 4095U, 4096U, 4097U, 10000U})
    for (const float scale : {1e-20F, 1.0F, 1e15F}) {
      const auto values = random_values(count, scale);
      const long double norm = norm_of(values);
      auto buffers = buffers_for(values);
      const auto bound = static_cast<double>(norm / 3);
      const ClippedUpdate update = clipped({0}, values, testing::ticket_of({1}), buffers, bound);
      EXPECT_FALSE(update.abstains());
      EXPECT_LE(norm_of(update.parameters()), bound);
      EXPECT_GE(norm_of(update.parameters()), bound * (1 - 1e-6L));
      for (std::size_t k = 0; k < count; ++k)
        EXPECT_NEAR(update.parameters()[k], values[k] / 3, std::fabs(values[k]) * 1e-6);
    }
}

TEST(Clip, LeavesShortUpdatesBitForBit) {
  const auto values = random_values(5000, 1.0F);
  for (const double bound : {0.0, static_cast<double>(norm_of(values)) * 1.001}) {
    auto buffers = buffers_for(values);
    const ClippedUpdate update = clipped({0}, values, testing::ticket_of({1}), buffers, bound);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), update.parameters().begin()));
  }
}

TEST(Clip, AnUpdateThatIsNotFiniteAbstainsWithZeros) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity})
    for (const std::size_t place : {0U, 8U, 4095U, 4096U, 5000U}) {
      auto values = random_values(5001, 1.0F);
      values[place] = bad;
      auto buffers = buffers_for(values);
      const ClippedUpdate update = clipped({0}, values, testing::ticket_of({1}), buffers, 1.0);
      EXPECT_TRUE(update.abstains());
      for (const float value : update.parameters()) ASSERT_EQ(value, 0.0F);
    }
}

TEST(Clip, TheLargestFloatsAreFinite) {
  const std::vector<float> values(5000, std::numeric_limits<float>::max());
  auto buffers = buffers_for(values);
  const ClippedUpdate update = clipped({0}, values, testing::ticket_of({1}), buffers, 1.0);
  EXPECT_FALSE(update.abstains());
  EXPECT_LE(norm_of(update.parameters()), 1.0L);
}

TEST(Clip, RefusesASenselessBound) {
  EXPECT_THROW(Clip(-1.0), ConfigError);
  EXPECT_THROW(Clip(std::numeric_limits<double>::quiet_NaN()), ConfigError);
  EXPECT_THROW(Clip(std::numeric_limits<double>::infinity()), ConfigError);
}

}  // namespace
}  // namespace crossilo
