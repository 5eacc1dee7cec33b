#include "crossilo/base/squared_norm.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

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

}  // namespace

double squared_norm(std::span<const float> values) {
  constexpr std::size_t kBlock = 4096;
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); i += kBlock)
    sum += sum_of_squares(values.subspan(i, std::min(kBlock, values.size() - i)));
  return sum;
}

}  // namespace crossilo
