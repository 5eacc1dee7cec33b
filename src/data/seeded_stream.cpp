#include "crossilo/data/seeded_stream.hpp"

#include <cmath>

namespace crossilo {

double SeededStream::normal() {
  constexpr double kWidth = 1.7155277699214135;  // 2 sqrt(2 / e)
  for (;;) {
    const double u = 1.0 - uniform();  // above 0
    const double x = kWidth * (uniform() - 0.5) / u;
    if (x * x <= -4.0 * std::log(u)) return x;
  }
}

}  // namespace crossilo
