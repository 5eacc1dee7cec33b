#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"
#include "crossilo/data/partition.hpp"

namespace crossilo {
namespace {

/// In (0, 1), never an end; std::uniform_real_distribution differs between standard libraries.
double draw_uniform(std::mt19937_64& generator) { return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53; }

double draw_normal(std::mt19937_64& generator) {
  for (;;) {
    const double x = 2.0 * draw_uniform(generator) - 1.0;
    const double y = 2.0 * draw_uniform(generator) - 1.0;
    const double square = x * x + y * y;
    if (square > 0.0 && square < 1.0) return x * std::sqrt(-2.0 * std::log(square) / square);
  }
}

/// The logarithm of a gamma variable of scale 1; a small alpha makes variables that a double cannot hold.
double draw_log_gamma(double alpha, std::mt19937_64& generator) {
  if (alpha < 1.0) {
    const double boost = std::log(draw_uniform(generator)) / alpha;
    return draw_log_gamma(alpha + 1.0, generator) + boost;
  }
  const double d = alpha - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = draw_normal(generator);
    const double root = 1.0 + c * x;
    const double log_uniform = std::log(draw_uniform(generator));
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (log_uniform < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

}  // namespace

std::vector<double> draw_dirichlet(std::size_t parts, double alpha, std::mt19937_64& generator) {
  CROSSILO_ASSERT(parts > 0 && alpha > 0.0 && std::isfinite(alpha));
  std::vector<double> shares(parts);
  for (double& share : shares) share = draw_log_gamma(alpha, generator);
  const double largest = *std::max_element(shares.begin(), shares.end());
  double sum = 0.0;
  for (double& share : shares) sum += share = std::exp(share - largest);
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace crossilo
