// Aim: one JSON line per case, with the baseline of the same run beside it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace crossilo::bench {

/// Seconds of each repeat of `timed`; `prepare` runs before each, outside the time.
template <class Prepare, class Timed>
std::vector<double> time_repeats(std::size_t repeats, Prepare&& prepare, Timed&& timed) {
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repeats + 1; ++i) {  // the first one warms up
    prepare();
    const auto start = std::chrono::steady_clock::now();
    timed();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  seconds.erase(seconds.begin());
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

struct Line {
  std::string bench;
  std::string name;  // the case
  unsigned lane_bits = 32;
  std::size_t elements = 0;
  double bytes = 0.0;  // what gb_per_s counts
  std::vector<double> seconds;
  std::string baseline;  // its name
  double baseline_gb_per_s = 0.0;
  std::size_t wrong_values = 0;
};

inline double gb_per_s(double bytes, const std::vector<double>& seconds) {
  return bytes / seconds[seconds.size() / 2] / 1e9;
}

inline void print(const Line& line) {
  const std::size_t p90 = std::min(line.seconds.size() - 1, line.seconds.size() * 9 / 10);
  const double rate = gb_per_s(line.bytes, line.seconds);
  std::printf(
      "{\"bench\":\"%s\",\"case\":\"%s\",\"lane_bits\":%u,\"elements\":%zu,\"repeats\":%zu,\"seconds_min\":%.6g,"
      "\"seconds_median\":%.6g,\"seconds_p90\":%.6g,\"gb_per_s\":%.4g,\"baseline\":\"%s\",\"baseline_gb_per_s\":%.4g,"
      "\"fraction_of_baseline\":%.3g,\"wrong_values\":%zu}\n",
      line.bench.c_str(), line.name.c_str(), line.lane_bits, line.elements, line.seconds.size(), line.seconds.front(),
      line.seconds[line.seconds.size() / 2], line.seconds[p90], rate, line.baseline.c_str(), line.baseline_gb_per_s,
      rate / line.baseline_gb_per_s, line.wrong_values);
  std::fflush(stdout);
}

/// Keeps the compiler from dropping work whose result nobody reads.
inline void keep(const void* pointer) { asm volatile("" : : "g"(pointer) : "memory"); }

}  // namespace crossilo::bench
