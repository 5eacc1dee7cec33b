#include "crossilo/update/clip.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// Sum of squares of one block, in 8 interleaved parts: a fixed order that vector units can keep.
double sum_of_squares(std::span<const float> block) {
  std::array<double, 8> parts{};
  const std::size_t whole = block.size() / parts.size() * parts.size();
  for (std::size_t i = 0; i < whole; i += parts.size())
    for (std::size_t j = 0; j < parts.size(); ++j) {
      const double value = block[i + j];
      parts[j] += value * value;
    }
  for (std::size_t i = whole; i < block.size(); ++i) parts[i - whole] += double{block[i]} * double{block[i]};
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

double squared_norm(std::span<const float> values) {
  constexpr std::size_t kBlock = 4096;
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); i += kBlock)
    sum += sum_of_squares(values.subspan(i, std::min(kBlock, values.size() - i)));
  return sum;
}

}  // namespace

Clip::Clip(double clip_norm) : clip_norm_(clip_norm) {
  if (!(clip_norm >= 0.0) || !std::isfinite(clip_norm))
    throw ConfigError("clip_norm is " + std::to_string(clip_norm) + "; expected 0 (no bound) or a positive number");
}

ClippedUpdate Clip::operator()(SiloUpdate&& update) const {
  const std::span<float> parameters = update.parameters();
  // Squares of finite floats cannot overflow a double, so one pass gives the norm and finds NaN and infinity.
  const double squared = squared_norm(parameters);
  const bool abstains = update.abstains() || !std::isfinite(squared);
  if (abstains) {
    std::fill(parameters.begin(), parameters.end(), 0.0F);
  } else if (const double norm = std::sqrt(squared); clip_norm_ > 0.0 && norm > clip_norm_) {
    // A float's rounding adds at most 2^-24 of a value; the factor leaves room for it.
    const double factor = clip_norm_ / norm * (1.0 - 0x1p-23);
    for (float& value : parameters) value = static_cast<float>(double{value} * factor);
  }
  return {std::move(update), abstains};
}

}  // namespace crossilo
