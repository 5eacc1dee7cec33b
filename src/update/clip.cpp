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

ClippedUpdate Clip::operator()(SiloUpdate&& update) const {
  const std::span<float> parameters = update.parameters();
  // Squares of finite floats cannot overflow a double, so one pass gives the norm and finds NaN and infinity.
  const std::span<float> delta = parameters.first(std::min(weights_, parameters.size()));
  const double squared = squared_norm(delta);
  const double squared_buffers = squared_norm(parameters.subspan(delta.size()));
  const bool abstains = update.abstains() || !std::isfinite(squared) || !std::isfinite(squared_buffers);
  if (abstains) {
    std::fill(parameters.begin(), parameters.end(), 0.0F);
  } else if (const double norm = std::sqrt(squared); clip_norm_ > 0.0 && norm > clip_norm_) {
    // A float's rounding adds at most 2^-24 of a value; the factor leaves room for it.
    const double factor = clip_norm_ / norm * (1.0 - 0x1p-23);
    for (float& value : delta) value = static_cast<float>(double{value} * factor);
  }
  return {std::move(update), abstains};
}

}  // namespace crossilo
