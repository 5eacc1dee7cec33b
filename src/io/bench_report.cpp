#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "crossilo/io/bench_lines.hpp"
#include "report_chart.hpp"
#include "report_page.hpp"

namespace crossilo {
namespace {

/// "sum by size" of "sum_by_size".
std::string words_of(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string seconds_text(double seconds) { return unit_text(seconds, AxisUnit::seconds); }

/// "1 048 576", so that many digits can be read; as it is where it is not whole.
std::string x_text(double x) {
  std::string text = fmt::format("{:.15g}", x);
  if (text.find_first_not_of("0123456789") != std::string::npos) return text;
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, "\u202f");  // a narrow blank, where no line breaks
  return text;
}

const BenchPoint* point_at(const BenchCase& bench_case, double x) {
  const auto found = std::ranges::find(bench_case.points, x, &BenchPoint::x);
  return found == bench_case.points.end() ? nullptr : &*found;
}

/// How many times as long as the chart's first case the point took; nothing where either is wrong or took no time.
std::optional<double> over_first(const BenchChart& chart, const BenchPoint& point) {
  const BenchPoint* const first = point_at(chart.cases.front(), point.x);
  if (first == nullptr || first->is_wrong || point.is_wrong || !(first->seconds_median > 0.0)) return std::nullopt;
  return point.seconds_median / first->seconds_median;
}

/// The names of all cases of a benchmark, as they first came: a case has one colour in all of its charts.
std::vector<std::string> cases_of(const BenchResults& results, const std::string& bench) {
  std::vector<std::string> names;
  for (const BenchChart& chart : results.charts)
    for (const BenchCase& bench_case : chart.cases)
      if (chart.bench == bench && std::ranges::count(names, bench_case.name) == 0) names.push_back(bench_case.name);
  return names;
}

ChartCurve case_curve(const BenchCase& bench_case, std::size_t number) {
  constexpr std::array<std::size_t, 7> kColours = {0, 1, 2, 3, 4, 7, 5};  // 6, grey: bounds
  ChartCurve curve{.name = bench_case.name,
                   .colour = kColours.at(number % kColours.size()),
                   .dash = number < kColours.size() ? 0u : 3u,
                   .points = {}};
  for (const BenchPoint& point : bench_case.points) {
    curve.points.emplace_back(point.x, point.seconds_median);
    curve.bands.push_back({.x = point.x, .low = point.seconds_min, .high = point.seconds_p90});
    if (point.is_wrong) curve.crossed_out.push_back(curve.points.back());
  }
  return curve;
}

/// One dashed curve for each name of a bound; of several at one x the lowest, which no case can beat.
std::vector<ChartCurve> bound_curves(const BenchChart& chart) {
  std::vector<ChartCurve> curves;
  for (const BenchCase& bench_case : chart.cases)
    for (const BenchPoint& point : bench_case.points) {
      if (!point.bound) continue;
      const auto& [name, seconds] = *point.bound;
      auto curve = std::ranges::find(curves, name, &ChartCurve::name);
      if (curve == curves.end())
        curve = curves.insert(curves.end(), {.name = name, .colour = 6, .dash = 1 + curves.size(), .points = {}});
      curve->points.emplace_back(point.x, seconds);
    }
  for (ChartCurve& curve : curves) {
    std::ranges::sort(curve.points);
    const auto is_same_x = [](const auto& a, const auto& b) { return a.first == b.first; };
    curve.points.erase(std::unique(curve.points.begin(), curve.points.end(), is_same_x), curve.points.end());
    curve.has_marks = curve.points.size() == 1;
  }
  return curves;
}

AxisStyle x_style(const BenchChart& chart) {
  return {.unit = chart.x_name == "bytes" ? AxisUnit::bytes : AxisUnit::number, .is_measured = true};
}

/// The curves of all cases; `cases`: those of the benchmark, which say the colours.
std::vector<ChartCurve> case_curves(const BenchChart& chart, const std::vector<std::string>& cases) {
  std::vector<ChartCurve> curves;
  for (const BenchCase& bench_case : chart.cases) {
    const auto number = std::ranges::find(cases, bench_case.name) - cases.begin();
    curves.push_back(case_curve(bench_case, static_cast<std::size_t>(number)));
  }
  return curves;
}

std::string time_picture_html(const BenchChart& chart, const std::vector<std::string>& cases) {
  const std::string by = "by " + words_of(chart.x_name);
  std::vector<ChartCurve> curves = bound_curves(chart);
  std::ranges::move(case_curves(chart, cases), std::back_inserter(curves));
  return line_chart_html({.title = chart.group.empty() ? "Time " + by : chart.group,
                          .x = words_of(chart.x_name),
                          .y = "time",
                          .note = chart.group.empty() ? "" : "time " + by},
                         curves, {.x = x_style(chart), .y = {.unit = AxisUnit::seconds, .is_measured = true}});
}

/// How many times as long as the first case each took: what curves of time over many decades hide.
std::string ratio_picture_html(const BenchChart& chart, const std::vector<std::string>& cases) {
  std::vector<ChartCurve> curves = case_curves(chart, cases);
  bool is_drawn = false;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    curves[i] = {.name = curves[i].name, .colour = curves[i].colour, .dash = curves[i].dash, .points = {}};
    for (const BenchPoint& point : chart.cases[i].points)
      if (const auto ratio = over_first(chart, point)) curves[i].points.emplace_back(point.x, *ratio);
    is_drawn = is_drawn || (i > 0 && curves[i].points.size() > 1);
  }
  if (!is_drawn) return "";
  curves.front().points.clear();
  curves.front().level = 1.0;
  const std::string& first = chart.cases.front().name;
  return line_chart_html({.title = "Time over that of " + first,
                          .x = words_of(chart.x_name),
                          .y = "times as long as " + first,
                          .note = chart.group},
                         curves, {.x = x_style(chart), .y = {.is_measured = true}});
}

/// "2.1 to 4.0": of what is there; nothing of nothing.
std::string range_text(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [low, high] = std::ranges::minmax(values);
  const std::string from = fmt::format("{:.3g}", low), to = fmt::format("{:.3g}", high);
  return from == to ? from : from + " to " + to;
}

/// How the first case compares with the others and with its bound, where both have a value.
std::string comparison_html(const BenchChart& chart) {
  const BenchCase& first = chart.cases.front();
  std::vector<std::string> sentences;
  for (std::size_t i = 1; i < chart.cases.size(); ++i) {
    std::vector<double> ratios;
    for (const BenchPoint& point : chart.cases[i].points)
      if (const auto ratio = over_first(chart, point)) ratios.push_back(*ratio);
    if (!ratios.empty()) sentences.push_back(range_text(ratios) + " × as fast as " + chart.cases[i].name);
  }
  for (const ChartCurve& bound : bound_curves(chart)) {
    std::vector<double> shares;
    for (const BenchPoint& point : first.points)
      if (!point.is_wrong && point.seconds_median > 0.0 && point.bound && point.bound->first == bound.name)
        shares.push_back(point.bound->second / point.seconds_median);
    if (!shares.empty()) sentences.push_back(fmt::format("{} of the bound “{}”", range_text(shares), bound.name));
  }
  return sentences.empty() ? "" : paragraph_html(fmt::format("{}: {}.", first.name, fmt::join(sentences, "; ")));
}

/// Every value of a chart: by x, then by case.
PageTable values_table(const BenchChart& chart) {
  const bool has_ratios = chart.cases.size() > 1;
  const std::vector<ChartCurve> bounds = bound_curves(chart);
  PageTable table{.titles = {"case", words_of(chart.x_name), "min", "median", "90th percentile"}, .rows = {}};
  if (has_ratios) table.titles.push_back("over " + chart.cases.front().name);
  for (const ChartCurve& bound : bounds)
    table.titles.push_back(bound.name == "bound" ? bound.name : "bound: " + bound.name);
  std::vector<std::string> keys;
  std::vector<std::pair<double, const BenchCase*>> places;
  for (const BenchCase& bench_case : chart.cases)
    for (const BenchPoint& point : bench_case.points) {
      places.emplace_back(point.x, &bench_case);
      for (const auto& [key, value] : point.others)
        if (std::ranges::count(keys, key) == 0) keys.push_back(key);
    }
  std::ranges::stable_sort(places, std::less<>(), [](const auto& place) { return place.first; });
  for (const std::string& key : keys) table.titles.push_back(words_of(key));
  for (const auto& [x, bench_case] : places) {
    const BenchPoint& point = *point_at(*bench_case, x);
    std::vector<std::string>& row = table.rows.emplace_back();
    row = {bench_case->name + (point.is_wrong ? " ✗ wrong" : ""), x_text(x), seconds_text(point.seconds_min),
           seconds_text(point.seconds_median), seconds_text(point.seconds_p90)};
    const auto ratio = over_first(chart, point);
    if (has_ratios) row.push_back(ratio ? fmt::format("{:.2f}", *ratio) : "–");
    for (const ChartCurve& bound : bounds)
      row.push_back(point.bound && point.bound->first == bound.name ? seconds_text(point.bound->second) : "–");
    for (const std::string& key : keys) {
      const auto found = std::ranges::find(point.others, key, &std::pair<std::string, std::string>::first);
      row.push_back(found == point.others.end() ? "–" : found->second);
    }
  }
  return table;
}

std::string bench_section_html(const BenchResults& results, const std::string& bench) {
  const std::vector<std::string> cases = cases_of(results, bench);
  std::string html;
  for (const BenchChart& chart : results.charts) {
    if (chart.bench != bench) continue;
    std::vector<std::string> pictures{time_picture_html(chart, cases)};
    if (std::string ratios = ratio_picture_html(chart, cases); !ratios.empty()) pictures.push_back(std::move(ratios));
    html += "<div class=\"block\">" + pictures_html(pictures) + comparison_html(chart);
    const std::string of = chart.group.empty() ? "by " + words_of(chart.x_name) : chart.group;
    html += folded_table_html("All values: " + of, values_table(chart)) + "</div>\n";
  }
  return section_html(words_of(bench), html);
}

}  // namespace

std::string bench_html(const std::string& name, const BenchResults& results) {
  const auto [lines, wrong] = bench_line_counts(results);
  std::string body =
      fmt::format("<header>\n<h1>{}</h1>\n<p class=\"soft\">{} charts of {} measurements</p>\n</header>\n",
                  html_escaped(name), results.charts.size(), lines);
  if (wrong > 0)
    body += fmt::format(
        "<p class=\"verdict alarm\">{} of {} measurements gave wrong values: crossed out in the pictures, marked in "
        "the "
        "tables, left out of the ratios.</p>\n",
        wrong, lines);
  body += paragraph_html(
      "Lines are medians of the repeats; the band around each reaches from the fastest repeat to the 90th percentile. "
      "Dashed and grey: what physics allows. Axes are logarithmic where their values span more than a decade.");
  std::vector<std::string> benches;
  for (const BenchChart& chart : results.charts)
    if (std::ranges::count(benches, chart.bench) == 0) benches.push_back(chart.bench);
  for (const std::string& bench : benches) body += bench_section_html(results, bench);
  for (const std::string& note : results.notes) body += "<p class=\"soft\">" + html_escaped(note) + "</p>\n";
  return page_html(name + " · crossilo", body);
}

}  // namespace crossilo
