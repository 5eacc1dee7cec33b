#include "report_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "crossilo/base/text.hpp"
#include "report_page.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kTicks = 6;
constexpr std::size_t kLogTicksMax = 8;
constexpr std::size_t kFewMax = 8;

std::string tick_text(double value, const AxisTicks& ticks) {
  if (value == 0.0) return "0";
  if (ticks.unit != AxisUnit::number) return unit_text(value, ticks.unit);
  if (std::abs(value) >= 1e6 || std::abs(value) < 1e-4) return fmt::format("{:.3g}", value);
  const std::string number =
      ticks.digits < 0 ? fmt::format("{:.4g}", std::abs(value)) : fmt::format("{:.{}f}", std::abs(value), ticks.digits);
  return (value < 0.0 ? "−" : "") + number;
}

/// A range that is never empty, with some room where it has no natural end.
std::pair<double, double> with_room(double low, double high) {
  const double room = high > low ? 0.04 * (high - low) : std::max(0.05 * std::abs(high), 1e-9);
  return {low - room, high + room};
}

bool is_log(const Extent& extent, const AxisStyle& style) {
  return style.is_measured && extent.low > 0.0 && extent.high > 10.0 * extent.low;
}

/// Whether the texts of all values fit below an axis beside each other.
bool has_room_for_all(const std::set<double>& values, const Axis& axis) {
  constexpr double kShareMin = 0.14;  // of the axis: "128 MiB"
  if (values.size() > kFewMax) return false;
  return std::ranges::adjacent_find(values, [&](double left, double right) {
           return axis.place(right) - axis.place(left) < kShareMin;
         }) == values.end();
}

Axis log_axis(double low, double high, bool is_binary) {
  return {.low = low,
          .high = high,
          .ticks = {.values = log_ticks(low, high, kLogTicksMax, is_binary), .digits = -1},
          .is_log = true};
}

}  // namespace

AxisTicks axis_ticks(double low, double high, std::size_t wanted, bool whole) {
  const double rough = (high - low) / static_cast<double>(std::max<std::size_t>(wanted, 1));
  if (!std::isfinite(rough) || rough <= 0.0) return {.values = {low}, .digits = 0};
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough * (1.0 - 1e-9)) step = factor * power;
  if (whole) step = std::max(1.0, step);
  AxisTicks ticks;
  ticks.digits = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12);
  // Counted in steps, so that no rounding error adds up; far from 0 a step may be below what a double can tell.
  const double first = std::ceil(low / step - 1e-9);
  for (std::size_t i = 0; i <= wanted + 1; ++i) {
    const double value = (first + static_cast<double>(i)) * step;
    if (value > high + 1e-9 * step || (!ticks.values.empty() && value <= ticks.values.back())) break;
    ticks.values.push_back(value);
  }
  return ticks;
}

std::vector<double> log_ticks(double low, double high, std::size_t wanted, bool is_binary) {
  const double base = is_binary ? 2.0 : 10.0;
  const auto exponent_of = [&](double value) { return std::log(value) / std::log(base); };
  const int first = static_cast<int>(std::floor(exponent_of(low)));
  const int last = static_cast<int>(std::floor(exponent_of(high) + 1e-9));
  std::vector<std::pair<int, std::vector<double>>> ways;  // every so many-th power, times each of the factors
  if (!is_binary) ways = {{1, {1.0, 2.0, 5.0}}, {1, {1.0, 3.0}}};
  for (const int each : {1, 2, 5, 10, 20, 50, 100}) ways.push_back({each, {1.0}});
  std::vector<double> values;
  for (const auto& [each, factors] : ways) {
    values.clear();
    for (int exponent = first; exponent <= last; ++exponent)
      for (const double factor : factors) {
        const double value = factor * std::pow(base, exponent);
        if (exponent % each == 0 && value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9))
          values.push_back(value);
      }
    if (values.size() <= wanted) break;
  }
  return values;
}

std::string unit_text(double value, AxisUnit unit) {
  static constexpr std::array kSeconds = {"s", "ms", "µs", "ns"};  // each a thousandth
  static constexpr std::array kBytes = {"B", "kB", "MB", "GB", "TB"};
  static constexpr std::array kBinary = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t at = 0;
  if (unit == AxisUnit::number) return fmt::format("{:.4g}", value);
  if (unit == AxisUnit::seconds) {
    for (; value != 0.0 && std::abs(value) < 0.99995 && at + 1 < kSeconds.size(); ++at) value *= 1e3;
    return fmt::format("{:.4g} {}", value, kSeconds.at(at));
  }
  const bool is_binary = unit == AxisUnit::binary_bytes;
  for (const double each = is_binary ? 1024.0 : 1e3; std::abs(value) >= each && at + 1 < kBytes.size(); ++at)
    value /= each;
  return fmt::format("{:.4g} {}", value, (is_binary ? kBinary : kBytes).at(at));
}

bool is_drawable(double value) { return std::abs(value) < 1e100; }

void Extent::widen(double value) {
  if (!is_drawable(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
  if (values.size() <= kFewMax) values.insert(value);
  is_whole = is_whole && value == std::floor(value);
  int exponent = 0;
  is_binary = is_binary && std::frexp(value, &exponent) == 0.5;
}

double Axis::place(double value) const {
  const double share = is_log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

Axis linear_axis(double low, double high, bool whole) {
  return {.low = low, .high = high, .ticks = axis_ticks(low, high, kTicks, whole)};
}

Axis exact_axis(const Extent& extent, const AxisStyle& style) {
  Axis axis = is_log(extent, style) ? log_axis(extent.low, extent.high, extent.is_binary)
                                    : linear_axis(extent.low, extent.high, extent.is_whole);
  const bool are_few = style.is_measured && has_room_for_all(extent.values, axis);
  if (are_few || extent.low == extent.high)
    axis.ticks = {.values = {extent.values.begin(), extent.values.end()}, .digits = -1};
  const bool is_binary = style.unit == AxisUnit::bytes && extent.is_binary && (axis.is_log || are_few);
  axis.ticks.unit = is_binary ? AxisUnit::binary_bytes : style.unit;
  if (extent.low == extent.high) {
    const double room = std::max(1.0, 0.05 * std::abs(extent.low));
    axis.low -= room;
    axis.high += room;
  }
  return axis;
}

Axis roomy_axis(const Extent& extent, const AxisStyle& style) {
  if (extent.is_empty()) return linear_axis(0.0, 1.0);
  auto [low, high] = with_room(extent.low, extent.high);
  Axis axis;
  if (is_log(extent, style)) {
    const double room = std::pow(extent.high / extent.low, 0.04);
    axis = log_axis(extent.low / room, extent.high * room, /*is_binary=*/false);
  } else {
    axis = linear_axis(style.is_measured ? std::min(0.0, extent.low) : low, high);
  }
  axis.ticks.unit = style.unit;
  return axis;
}

std::string text_at(double x, double y, const char* anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     html_escaped(text));
}

std::string line_at(const char* kind, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kind, x1, y1, x2,
                     y2);
}

std::string y_axis_svg(const Axis& x, const Axis& y) {
  std::string svg;
  for (const double value : y.ticks.values) {
    svg += line_at("grid", x.from, y.place(value), x.to, y.place(value));
    svg += text_at(x.from - 7.0, y.place(value) + 4.5, "end", tick_text(value, y.ticks));
  }
  return svg;
}

std::string x_axis_svg(const Axis& x, double bottom, const std::string& title) {
  constexpr double kGap = 6.0;
  std::string svg = line_at("axis", x.from, bottom, x.to, bottom);
  double next_begin = kPictureWidth + kGap;  // of the text to the right: one that would run into it is left out
  for (auto tick = x.ticks.values.rbegin(); tick != x.ticks.values.rend(); ++tick) {  // right to left
    const double value = *tick;
    svg += line_at("axis", x.place(value), bottom, x.place(value), bottom + 4.0);
    const std::string text = tick_text(value, x.ticks);
    const double half_width = 4.0 * static_cast<double>(display_width(text));
    const double middle = std::min(x.place(value), kPictureWidth - half_width);
    if (middle + half_width + kGap > next_begin) continue;
    next_begin = middle - half_width;
    svg += text_at(middle, bottom + 18.0, "middle", text);
  }
  return svg + text_at((x.from + x.to) / 2.0, bottom + 38.0, "middle", title);
}

double left_of(const Axis& y) {
  std::size_t width = 1;
  for (const double value : y.ticks.values) width = std::max(width, display_width(tick_text(value, y.ticks)));
  return 18.0 + 7.6 * static_cast<double>(width);
}

}  // namespace crossilo
