#include "report_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "crossilo/base/text.hpp"
#include "report_page.hpp"

namespace crossilo {
namespace {

// A picture's own units: at 400 px of width its letters are still of 11 px.
constexpr double kWidth = 480.0;
constexpr double kHeight = 300.0;
constexpr double kRight = kWidth - 12.0;
constexpr double kTop = 28.0;  // the y axis' title stands above
constexpr double kBottom = kHeight - 46.0;

/// From values to places in the picture.
struct Axis {
  double low = 0.0, high = 1.0;  // values
  double from = 0.0, to = 1.0;   // places
  [[nodiscard]] double place(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

/// A range that is never empty, with some room where it has no natural end.
std::pair<double, double> range_of(double low, double high) {
  if (!(low <= high)) return {0.0, 1.0};
  const double room = high > low ? 0.04 * (high - low) : std::max(0.05 * std::abs(high), 1e-9);
  return {low - room, high + room};
}

/// Finite, and far from where differences are not.
bool is_drawable(double value) { return std::abs(value) < 1e100; }

std::string tick_text(double value, const AxisTicks& ticks) {
  if (value != 0.0 && (std::abs(value) >= 1e6 || std::abs(value) < 1e-4)) return fmt::format("{:.3g}", value);
  return fmt::format("{}{:.{}f}", value < 0.0 ? "−" : "", std::abs(value), ticks.digits);
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
  const AxisTicks ticks = axis_ticks(y.low, y.high, 6);
  std::string svg;
  for (const double value : ticks.values) {
    svg += line_at("grid", x.from, y.place(value), x.to, y.place(value));
    svg += text_at(x.from - 7.0, y.place(value) + 4.5, "end", tick_text(value, ticks));
  }
  return svg;
}

std::string x_axis_svg(const Axis& x, double bottom, const std::string& title, bool whole) {
  const AxisTicks ticks = axis_ticks(x.low, x.high, 6, whole);
  std::string svg = line_at("axis", x.from, bottom, x.to, bottom);
  for (const double value : ticks.values) {
    svg += line_at("axis", x.place(value), bottom, x.place(value), bottom + 4.0);
    const std::string text = tick_text(value, ticks);
    const double right_most = kWidth - 4.0 * static_cast<double>(display_width(text));
    svg += text_at(std::min(x.place(value), right_most), bottom + 18.0, "middle", text);
  }
  return svg + text_at((x.from + x.to) / 2.0, bottom + 38.0, "middle", title);
}

/// Room for the longest text beside the y axis.
double left_of(double low, double high) {
  const AxisTicks ticks = axis_ticks(low, high, 6);
  std::size_t width = 1;
  for (const double value : ticks.values) width = std::max(width, display_width(tick_text(value, ticks)));
  return 18.0 + 7.6 * static_cast<double>(width);
}

const char* dashes(std::size_t dash) {
  constexpr std::array kDashes = {"", "8 4", "2.5 3.5", "10 3 2 3"};
  return kDashes.at(dash % kDashes.size());
}

std::string curve_at(const ChartCurve& curve, const std::string& shape) {
  return fmt::format("<path class=\"curve c{}\" stroke-dasharray=\"{}\" d=\"{}\"><title>{}</title></path>\n",
                     curve.colour % 8, dashes(curve.dash), shape, html_escaped(curve.name));
}

std::string curve_svg(const ChartCurve& curve, const Axis& x, const Axis& y) {
  if (curve.level) return curve_at(curve, fmt::format("M{:.1f} {:.1f}H{:.1f}", x.from, y.place(*curve.level), x.to));
  const ChartPoints points = thinned(curve.points);
  std::string shape;
  std::string marks;
  for (const auto& [at, value] : points) {
    shape += fmt::format("{}{:.1f} {:.1f}", shape.empty() ? "M" : "L", x.place(at), y.place(value));
    if (points.size() <= 12)
      marks += fmt::format("<circle class=\"mark c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", curve.colour % 8,
                           x.place(at), y.place(value));
  }
  return shape.empty() ? "" : curve_at(curve, shape) + marks;
}

std::string curve_key(const ChartCurve& curve) {
  return fmt::format(
      "<span><svg viewBox=\"0 0 36 10\" aria-hidden=\"true\">{}</svg>{}</span>\n",
      curve_at({.name = curve.name, .colour = curve.colour, .dash = curve.dash, .points = {}}, "M0 5H36"),
      html_escaped(curve.name));
}

std::string layer_key(const ChartLayer& layer) {
  return fmt::format(
      "<span class=\"square\"><svg viewBox=\"0 0 36 14\" aria-hidden=\"true\"><rect class=\"mark c{}\" width=\"36\" "
      "height=\"14\"/></svg>{}</span>\n",
      layer.colour % 8, html_escaped(layer.name));
}

std::string figure_html(const ChartTitles& titles, const std::string& keys, double height, const std::string& svg) {
  return fmt::format(
      "<figure><figcaption><b>{}</b>{}{}</figcaption>\n<div class=\"keys\">{}</div>\n"
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg></figure>\n",
      html_escaped(titles.title), titles.note.empty() ? "" : " · ", html_escaped(titles.note), keys, kWidth, height,
      html_escaped(titles.title), svg);
}

std::string empty_figure_html(const ChartTitles& titles) {
  return fmt::format("<figure><figcaption><b>{}</b></figcaption>\n{}</figure>\n", html_escaped(titles.title),
                     paragraph_html("Nothing to draw: no round has a value."));
}

/// A name that fits beside a picture.
std::string shortened(const std::string& name) {
  constexpr std::size_t kWidthMax = 18;
  if (display_width(name) <= kWidthMax) return name;
  std::size_t end = 0;
  for (std::size_t width = 0; end < name.size(); ++end)
    if ((static_cast<unsigned char>(name[end]) & 0xc0u) != 0x80u && width++ == kWidthMax - 1) break;
  return name.substr(0, end) + "…";
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

ChartPoints thinned(const ChartPoints& points, std::size_t most) {
  ChartPoints finite;
  std::ranges::copy_if(points, std::back_inserter(finite), [](const auto& point) { return is_drawable(point.second); });
  if (finite.size() <= most || most < 4) return finite;
  const std::size_t stretches = most / 2 - 1;
  ChartPoints kept{finite.front()};
  const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto at = [&](std::size_t stretch) {
      return finite.begin() + static_cast<std::ptrdiff_t>(1 + stretch * (finite.size() - 2) / stretches);
    };
    const auto [low, high] = std::minmax_element(at(i), at(i + 1), by_value);
    kept.push_back(std::min(low, high)[0]);
    if (low != high) kept.push_back(std::max(low, high)[0]);
  }
  kept.push_back(finite.back());
  return kept;
}

std::string line_chart_html(const ChartTitles& titles, const std::vector<ChartCurve>& curves,
                            std::optional<double> marked_x) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  double x_low = kNone, x_high = -kNone, y_low = kNone, y_high = -kNone;
  const auto widen = [](double value, double& low, double& high) {
    if (!is_drawable(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  std::string keys;
  for (const ChartCurve& curve : curves) {
    bool is_drawn = curve.level && is_drawable(*curve.level);
    if (is_drawn) widen(*curve.level, y_low, y_high);
    for (const auto& [at, value] : curve.points) {
      if (!is_drawable(value)) continue;
      is_drawn = true;
      widen(at, x_low, x_high);
      widen(value, y_low, y_high);
    }
    if (is_drawn) keys += curve_key(curve);
  }
  if (!(x_low <= x_high)) return empty_figure_html(titles);
  const auto [low, high] = range_of(y_low, y_high);
  const Axis y{.low = low, .high = high, .from = kBottom, .to = kTop};
  Axis x{.low = x_low, .high = x_high, .from = left_of(low, high), .to = kRight};
  if (x_low == x_high) x.low -= 1.0, x.high += 1.0;
  std::string svg = text_at(0.0, 12.0, "start", titles.y) + y_axis_svg(x, y) + x_axis_svg(x, kBottom, titles.x, true);
  if (marked_x && *marked_x >= x.low && *marked_x <= x.high)
    svg += line_at("axis", x.place(*marked_x), kTop, x.place(*marked_x), kBottom);
  for (const ChartCurve& curve : curves)
    if (!curve.level || is_drawable(*curve.level)) svg += curve_svg(curve, x, y);
  return figure_html(titles, keys, kHeight, svg);
}

std::string stacked_chart_html(const ChartTitles& titles, const std::vector<double>& x_edges,
                               const std::vector<ChartLayer>& layers, double y_max) {
  if (x_edges.size() < 2 || !(y_max > 0.0)) return empty_figure_html(titles);
  const Axis y{.low = 0.0, .high = y_max, .from = kBottom, .to = kTop};
  const Axis x{.low = x_edges.front(), .high = x_edges.back(), .from = left_of(0.0, y_max), .to = kRight};
  std::string svg = text_at(0.0, 12.0, "start", titles.y) + y_axis_svg(x, y);
  std::string keys;
  std::vector<double> below(x_edges.size() - 1, 0.0);
  for (const ChartLayer& layer : layers) {
    keys += layer_key(layer);
    svg += fmt::format("<path class=\"mark c{}\" d=\"", layer.colour % 8);
    for (std::size_t i = 0; i < below.size(); ++i) {
      const double base = std::min(below[i], y_max);
      const double end = std::min(below[i] + layer.values[i], y_max);
      below[i] += layer.values[i];
      if (!(end > base)) continue;
      const double gap = below.size() > 60 ? 0.0 : 0.12 * (x.place(x_edges[i + 1]) - x.place(x_edges[i]));
      svg += fmt::format("M{:.2f} {:.2f}H{:.2f}V{:.2f}H{:.2f}Z", x.place(x_edges[i]) + gap, y.place(base),
                         x.place(x_edges[i + 1]) - gap, y.place(end), x.place(x_edges[i]) + gap);
    }
    svg += fmt::format("\"><title>{}</title></path>\n", html_escaped(layer.name));
  }
  return figure_html(titles, keys, kHeight, svg + x_axis_svg(x, kBottom, titles.x, true));
}

std::string interval_chart_html(const ChartTitles& titles, const std::vector<std::pair<std::string, Measured>>& rows) {
  if (rows.empty()) return empty_figure_html(titles);
  constexpr double kRowHeight = 24.0;
  double low = 0.0, high = 0.0;
  std::size_t width = 1;
  for (const auto& [name, measured] : rows) {
    low = std::min({low, measured.low, measured.value});
    high = std::max({high, measured.high, measured.value});
    width = std::max(width, display_width(shortened(name)));
  }
  std::tie(low, high) = range_of(low, high);
  const Axis x{.low = low, .high = high, .from = 14.0 + 7.4 * static_cast<double>(width), .to = kRight};
  constexpr double kFirst = 6.0;
  const double bottom = kFirst + kRowHeight * static_cast<double>(rows.size());
  std::string svg =
      x_axis_svg(x, bottom, titles.x, false) + line_at("axis", x.place(0.0), kFirst, x.place(0.0), bottom);
  double middle = kFirst - kRowHeight / 2.0;
  for (const auto& [name, measured] : rows) {
    middle += kRowHeight;
    svg += text_at(x.from - 10.0, middle + 4.5, "end", shortened(name));
    const std::size_t colour = measured.low > 0.0 ? 0 : measured.high < 0.0 ? 1 : 6;
    svg += fmt::format(
        "<g class=\"c{}\"><title>{}: {:+.3f} ({:+.3f} to {:+.3f})</title><path class=\"curve\" d=\"M{:.1f} "
        "{:.1f}H{:.1f}\"/>"
        "<circle class=\"mark\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\"/></g>\n",
        colour, html_escaped(name), measured.value, measured.low, measured.high, x.place(measured.low), middle,
        x.place(measured.high), x.place(measured.value), middle);
  }
  return figure_html(titles, "", bottom + 46.0, svg);
}

}  // namespace crossilo
