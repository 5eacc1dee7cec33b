#include "report_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crossilo/base/text.hpp"
#include "report_page.hpp"

namespace crossilo {
namespace {

constexpr double kHeight = 300.0;
constexpr double kRight = kPictureWidth - 12.0;
constexpr double kTop = 28.0;  // the y axis' title stands above
constexpr double kBottom = kHeight - 46.0;

const char* dashes(std::size_t dash) {
  constexpr std::array kDashes = {"", "8 4", "2.5 3.5", "10 3 2 3"};
  return kDashes.at(dash % kDashes.size());
}

std::string curve_at(const ChartCurve& curve, const std::string& shape) {
  return fmt::format("<path class=\"curve c{}\" stroke-dasharray=\"{}\" d=\"{}\"><title>{}</title></path>\n",
                     curve.colour % 8, dashes(curve.dash), shape, html_escaped(curve.name));
}

std::string band_svg(const ChartCurve& curve, const Axis& x, const Axis& y) {
  std::string there, back;
  for (const ChartBand& band : curve.bands) {
    there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? "M" : "L", x.place(band.x), y.place(band.high));
    back.insert(0, fmt::format("L{:.1f} {:.1f}", x.place(band.x), y.place(band.low)));
  }
  return there.empty() ? "" : fmt::format("<path class=\"band c{}\" d=\"{}{}Z\"/>\n", curve.colour % 8, there, back);
}

std::string cross_at(double x, double y) {
  return fmt::format("<path class=\"cross\" d=\"M{:.1f} {:.1f}l10 10m0 -10l-10 10\"/>\n", x - 5.0, y - 5.0);
}

std::string curve_svg(const ChartCurve& curve, const Axis& x, const Axis& y) {
  if (curve.level) return curve_at(curve, fmt::format("M{:.1f} {:.1f}H{:.1f}", x.from, y.place(*curve.level), x.to));
  const ChartPoints points = thinned(curve.points);
  std::string shape;
  std::string marks;
  for (const auto& [at, value] : points) {
    shape += fmt::format("{}{:.1f} {:.1f}", shape.empty() ? "M" : "L", x.place(at), y.place(value));
    if (curve.has_marks && points.size() <= 12)
      marks += fmt::format("<circle class=\"mark c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", curve.colour % 8,
                           x.place(at), y.place(value));
  }
  for (const auto& [at, value] : curve.crossed_out) marks += cross_at(x.place(at), y.place(value));
  return shape.empty() ? "" : curve_at(curve, shape) + marks;
}

std::string key_html(const std::string& shape, const std::string& name) {
  return fmt::format("<span><svg viewBox=\"0 0 36 10\" aria-hidden=\"true\">{}</svg>{}</span>\n", shape,
                     html_escaped(name));
}

std::string curve_key(const ChartCurve& curve) {
  return key_html(curve_at({.name = curve.name, .colour = curve.colour, .dash = curve.dash, .points = {}}, "M0 5H36"),
                  curve.name);
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
      html_escaped(titles.title), titles.note.empty() ? "" : " · ", html_escaped(titles.note), keys, kPictureWidth,
      height, html_escaped(titles.title), svg);
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
                            const LineChartStyle& style) {
  Extent x_extent, y_extent;
  std::string keys;
  bool is_crossed_out = false;
  for (const ChartCurve& curve : curves) {
    bool is_drawn = curve.level && is_drawable(*curve.level);
    if (is_drawn) y_extent.widen(*curve.level);
    for (const auto& [at, value] : curve.points) {
      if (!is_drawable(value)) continue;
      is_drawn = true;
      x_extent.widen(at);
      y_extent.widen(value);
    }
    for (const ChartBand& band : curve.bands)
      for (const double value : {band.low, band.high}) y_extent.widen(value);
    if (is_drawn) keys += curve_key(curve);
    is_crossed_out = is_crossed_out || !curve.crossed_out.empty();
  }
  if (x_extent.is_empty()) return empty_figure_html(titles);
  if (is_crossed_out) keys += key_html(cross_at(18.0, 5.0), "wrong values");
  Axis y = roomy_axis(y_extent, style.y);
  y.from = kBottom, y.to = kTop;
  Axis x = exact_axis(x_extent, style.x);
  x.from = left_of(y), x.to = kRight;
  std::string svg = text_at(0.0, 12.0, "start", titles.y) + y_axis_svg(x, y) + x_axis_svg(x, kBottom, titles.x);
  if (style.marked_x && *style.marked_x >= x.low && *style.marked_x <= x.high)
    svg += line_at("axis", x.place(*style.marked_x), kTop, x.place(*style.marked_x), kBottom);
  for (const ChartCurve& curve : curves) svg += band_svg(curve, x, y);
  for (const ChartCurve& curve : curves)
    if (!curve.level || is_drawable(*curve.level)) svg += curve_svg(curve, x, y);
  return figure_html(titles, keys, kHeight, svg);
}

std::string stacked_chart_html(const ChartTitles& titles, const std::vector<double>& x_edges,
                               const std::vector<ChartLayer>& layers, double y_max) {
  if (x_edges.size() < 2 || !(y_max > 0.0)) return empty_figure_html(titles);
  Axis y = linear_axis(0.0, y_max);
  y.from = kBottom, y.to = kTop;
  Axis x = linear_axis(x_edges.front(), x_edges.back(), /*whole=*/true);
  x.from = left_of(y), x.to = kRight;
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
  return figure_html(titles, keys, kHeight, svg + x_axis_svg(x, kBottom, titles.x));
}

std::string interval_chart_html(const ChartTitles& titles, const std::vector<std::pair<std::string, Measured>>& rows) {
  if (rows.empty()) return empty_figure_html(titles);
  constexpr double kRowHeight = 24.0;
  Extent extent{.low = 0.0, .high = 0.0};
  std::size_t width = 1;
  for (const auto& [name, measured] : rows) {
    for (const double value : {measured.low, measured.value, measured.high}) extent.widen(value);
    width = std::max(width, display_width(shortened(name)));
  }
  Axis x = roomy_axis(extent, {});
  x.from = 14.0 + 7.4 * static_cast<double>(width), x.to = kRight;
  constexpr double kFirst = 6.0;
  const double bottom = kFirst + kRowHeight * static_cast<double>(rows.size());
  std::string svg = x_axis_svg(x, bottom, titles.x) + line_at("axis", x.place(0.0), kFirst, x.place(0.0), bottom);
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
