#include "crossilo/update/clip.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/error.hpp"
#include "crossilo/base/squared_norm.hpp"

namespace crossilo {

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

ClippedUpdate Clip::operator()(SiloUpdate&& update) const {
  const std::span<float> parameters = update.parameters();
  // Squares of finite floats cannot overflow a double, so one pass gives the norm and finds NaN and infinity.
  const std::span<float> delta = parameters.first(weights_of(parameters.size()));
  const ClipDecision decision = decide({.squared = squared_norm(delta),
                                        .squared_buffers = squared_norm(parameters.subspan(delta.size())),
                                        .abstains = update.abstains()});
  if (decision.abstains)
    std::fill(parameters.begin(), parameters.end(), 0.0F);
  else if (decision.factor != 1.0)
    for (float& value : delta) value = static_cast<float>(double{value} * decision.factor);
  return {std::move(update), decision.abstains};
}

}  // namespace crossilo
