// Aim: the pictures of a report as inline SVG: lines by round or by what a benchmark varies, stacked bars by round,
// intervals by silo.
//
// They take the width they are given, and draw what there is: no point, one point, values that are not finite.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/io/final_table.hpp"
#include "report_axis.hpp"

namespace crossilo {

using ChartPoints = std::vector<std::pair<double, double>>;  // x ascending

/// The finite points, at most about `most` of them: of each stretch the lowest and the highest, and both ends.
[[nodiscard]] ChartPoints thinned(const ChartPoints& points, std::size_t most = 500);

/// Between which values a curve may lie at some x.
struct ChartBand {
  double x = 0.0, low = 0.0, high = 0.0;
};

/// One curve; with `level` a value that holds for all x instead.
struct ChartCurve {
  std::string name;
  std::size_t colour = 0;
  std::size_t dash = 0;  // 0: solid
  ChartPoints points;
  std::optional<double> level{};
  std::vector<ChartBand> bands{};  // x ascending
  ChartPoints crossed_out{};       // those of `points` that are wrong
  bool has_marks = true;           // a dot at each point, where they are few
};

/// What stands above a picture and beside its axes.
struct ChartTitles {
  std::string title, x, y;
  std::string note{};  // behind the title
};

struct LineChartStyle {
  std::optional<double> marked_x{};  // a thin line there
  AxisStyle x{}, y{};
};
/// Curves over the number of rounds, or whatever x is. A text where there is nothing to draw.
[[nodiscard]] std::string line_chart_html(const ChartTitles& titles, const std::vector<ChartCurve>& curves,
                                          const LineChartStyle& style = {});

/// One part of every bar. Shapes: as many values as there are bars.
struct ChartLayer {
  std::string name;
  std::size_t colour = 0;
  std::vector<double> values;
};
/// Bars of layers on each other. Shapes: `x` has the first and one past the last x of each bar, so one more than bars.
[[nodiscard]] std::string stacked_chart_html(const ChartTitles& titles, const std::vector<double>& x,
                                             const std::vector<ChartLayer>& layers, double y_max);

/// Values with their intervals below each other, beside a line at 0.
[[nodiscard]] std::string interval_chart_html(const ChartTitles& titles,
                                              const std::vector<std::pair<std::string, Measured>>& rows);

}  // namespace crossilo
