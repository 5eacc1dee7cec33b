#include "crossilo/update/lane_schedule.hpp"

#include <algorithm>

namespace crossilo {
namespace {

constexpr double kBoundMin = 0x1p-40;
constexpr double kBoundMax = 16.0;
constexpr double kHeadroom = 8.0;
constexpr double kShrinkMax = 8.0;
constexpr double kClampedShareMax = 1e-3;

double power_of_two_at_least(double value) {
  double power = kBoundMin;
  while (power < value && power < kBoundMax) power *= 2.0;
  return power;
}

}  // namespace

void LaneSchedule::after(const RoundTotal& total, std::size_t parameters, std::size_t cohort_size) {
  if (lane_bits_ == 32 || parameters == 0 || total.contributed_share == 0.0) return;
  const float largest = total.mean->largest();
  double bound = power_of_two_at_least(kHeadroom * static_cast<double>(largest));
  // A round in which hardly anything moved says little about the next one: C comes down by steps.
  if (next_.lane_bits == lane_bits_) bound = std::max(bound, next_.bound / kShrinkMax);
  if (largest == 0.0f) bound = next_.bound;
  const double encoded = static_cast<double>(parameters) * static_cast<double>(cohort_size);
  if (total.statistics[kClampedParameters] > kClampedShareMax * encoded)
    bound = std::max(bound, std::min(2.0 * next_.bound, kBoundMax));
  next_ = {.lane_bits = lane_bits_, .bound = bound};
}

}  // namespace crossilo
