#include "crossilo/update/clip.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/base/float_mode.hpp"
#include "crossilo/base/squared_norm.hpp"
#include "crossilo/update/lane_kernels.hpp"

namespace crossilo {
namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();
constexpr std::size_t kBlock = 4096;  // values of a block of squared_norm, which so are read from memory once

struct Measured {
  double squared = 0.0;      // squared_norm
  std::uint64_t beyond = 0;  // values beyond the bound
};

template <class Visit>
void for_each_block(std::span<float> values, Visit&& visit) {
  for (std::size_t i = 0; i < values.size(); i += kBlock) visit(values.subspan(i, std::min(kBlock, values.size() - i)));
}

Measured measure(std::span<float> values, double bound) {
  const VectorUnit unit = widest_vector_unit();
  Measured measured;
  for_each_block(values, [&](std::span<float> block) {
    measured.squared += squared_norm(block);
    measured.beyond += count_beyond(block, static_cast<float>(bound), unit);
  });
  return measured;
}

/// Returns how many values lie beyond the bound afterwards.
std::uint64_t scale(std::span<float> values, double factor, double bound) {
  const VectorUnit unit = widest_vector_unit();
  std::uint64_t beyond = 0;
  for_each_block(values, [&](std::span<float> block) {
    for (float& value : block) value = static_cast<float>(double{value} * factor);
    beyond += count_beyond(block, static_cast<float>(bound), unit);
  });
  return beyond;
}

}  // namespace

Clip::Clip(double clip_norm, std::size_t weights) : clip_norm_(clip_norm), weights_(weights) {
  if (!(clip_norm >= 0.0) || !std::isfinite(clip_norm))
    throw ConfigError("clip_norm is " + std::to_string(clip_norm) + "; expected 0 (no bound) or a positive number");
}

ClipDecision Clip::decide(const ClipInput& input) const {
  if (input.abstains || !std::isfinite(input.squared) || !std::isfinite(input.squared_buffers))
    return {.abstains = true};
  const double norm = std::sqrt(input.squared);
  // A float's rounding adds at most 2^-24 of a value; the factor leaves room for it.
  const bool is_too_long = clip_norm_ > 0.0 && norm > clip_norm_;
  return {.factor = is_too_long ? clip_norm_ / norm * (1.0 - 0x1p-23) : 1.0};
}

ClippedUpdate Clip::operator()(SiloUpdate&& update, const RoundTicket& ticket) const {
  const FloatModeGuard pinned;
  const std::span<float> parameters = update.parameters();
  const std::span<float> delta = parameters.first(weights_of(parameters.size()));
  const double bound = ticket.lanes.empty() ? kNoBound : ticket.lanes.front().bound;
  const double buffer_bound = ticket.lanes.empty() ? kNoBound : ticket.lanes.back().bound;
  Measured weights = measure(delta, bound);
  Measured buffers = measure(parameters.subspan(delta.size()), buffer_bound);
  const ClipDecision decision =
      decide({.squared = weights.squared, .squared_buffers = buffers.squared, .abstains = update.abstains()});
  if (decision.abstains) {
    std::fill(parameters.begin(), parameters.end(), 0.0F);
    weights.beyond = buffers.beyond = 0;
  } else if (decision.factor != 1.0) {
    weights.beyond = scale(delta, decision.factor, bound);
  }
  update.statistics()[kClampedParameters] = static_cast<double>(weights.beyond);
  update.statistics()[kClampedBuffers] = static_cast<double>(buffers.beyond);
  return {std::move(update), decision.abstains};
}

}  // namespace crossilo
