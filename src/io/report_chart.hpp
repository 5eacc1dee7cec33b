// Aim: the pictures of a report as inline SVG: lines by round, stacked bars by round, intervals by silo.
//
// They take the width they are given, and draw what there is: no point, one point, values that are not finite.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/io/final_table.hpp"

namespace crossilo {

/// Marks on an axis, and with how many digits behind the point they are written.
struct AxisTicks {
  std::vector<double> values;
  int digits = 0;
};
/// Up to about `wanted` round numbers (1, 2 or 5 times a power of ten) within [low, high]; `whole`: integers only.
[[nodiscard]] AxisTicks axis_ticks(double low, double high, std::size_t wanted, bool whole = false);

using ChartPoints = std::vector<std::pair<double, double>>;  // x ascending

/// The finite points, at most about `most` of them: of each stretch the lowest and the highest, and both ends.
[[nodiscard]] ChartPoints thinned(const ChartPoints& points, std::size_t most = 500);

/// One curve; with `level` a value that holds for all x instead.
struct ChartCurve {
  std::string name;
  std::size_t colour = 0;
  std::size_t dash = 0;  // 0: solid
  ChartPoints points;
  std::optional<double> level{};
};

/// What stands above a picture and beside its axes.
struct ChartTitles {
  std::string title, x, y;
  std::string note{};  // behind the title
};

/// Curves over the number of rounds; a thin line at `marked_x`. A text where there is nothing to draw.
[[nodiscard]] std::string line_chart_html(const ChartTitles& titles, const std::vector<ChartCurve>& curves,
                                          std::optional<double> marked_x = {});

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
