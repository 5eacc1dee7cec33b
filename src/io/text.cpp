#include "crossilo/io/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace crossilo {

std::string readable_seconds(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 0.00095) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 0.00995) return fmt::format("{:.2g} ms", seconds * 1e3);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 59.5) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string readable_bytes(double bytes) {
  if (bytes < 9999.5) return fmt::format("{:.0f} byte{}", bytes, std::llround(bytes) == 1 ? "" : "s");
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (bytes /= 1e3; bytes >= 999.5 && unit + 1 < kUnits.size(); bytes /= 1e3) ++unit;
  return bytes < 9.95 ? fmt::format("{:.1f} {}", bytes, kUnits[unit]) : fmt::format("{:.0f} {}", bytes, kUnits[unit]);
}

}  // namespace crossilo
