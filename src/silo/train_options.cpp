#include "crossilo/silo/train_options.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "crossilo/base/check.hpp"

namespace crossilo {

double learning_rate_in(const TrainOptions& options, RoundIndex round) {
  if (options.schedule == Schedule::constant) return options.learning_rate;
  CROSSILO_ASSERT(round.value >= 1 && options.schedule_rounds >= 1);
  const std::uint32_t elapsed = round.value - 1;
  if (options.schedule == Schedule::step)
    return options.learning_rate * std::pow(options.schedule_factor, elapsed / options.schedule_rounds);
  const double progress =
      static_cast<double>(std::min(elapsed, options.schedule_rounds)) / static_cast<double>(options.schedule_rounds);
  const double remaining = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return options.learning_rate * (options.schedule_factor + (1.0 - options.schedule_factor) * remaining);
}

}  // namespace crossilo
