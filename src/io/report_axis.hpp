// Aim: the axes of a report's pictures: which range, where the round numbers stand on it, and how they are written.
#pragma once

#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

// A picture's own units: at 400 px of width its letters are still of 11 px.
inline constexpr double kPictureWidth = 480.0;

enum class AxisUnit { number, seconds, bytes, binary_bytes };

/// Marks on an axis, and how they are written: numbers with so many digits behind the point (-1: as few as they need).
struct AxisTicks {
  std::vector<double> values;
  int digits = 0;
  AxisUnit unit = AxisUnit::number;
};
/// Up to about `wanted` round numbers (1, 2 or 5 times a power of ten) within [low, high]; `whole`: integers only.
[[nodiscard]] AxisTicks axis_ticks(double low, double high, std::size_t wanted, bool whole = false);
/// At most `wanted` powers of two, or of ten with what stands between them where there is room, within [low, high].
/// low > 0.
[[nodiscard]] std::vector<double> log_ticks(double low, double high, std::size_t wanted, bool is_binary);

/// "1.25 ms", "16 KiB", "3 MB": four digits that matter, in the unit that fits; seconds from 1 on stay seconds.
[[nodiscard]] std::string unit_text(double value, AxisUnit unit);

/// Whether a value is finite, and far from where differences are not.
[[nodiscard]] bool is_drawable(double value);

/// What an axis has to hold; of the values themselves the first few that differ.
struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  bool is_whole = true;   // integers only
  bool is_binary = true;  // powers of two only
  std::set<double> values{};
  /// Holds `value` too, if it can be drawn.
  void widen(double value);
  [[nodiscard]] bool is_empty() const { return !(low <= high); }
};

/// How an axis is drawn. A measured one is logarithmic where its values are above 0 and span more than a decade.
struct AxisStyle {
  AxisUnit unit = AxisUnit::number;
  bool is_measured = false;
};

/// From values to places in the picture.
struct Axis {
  double low = 0.0, high = 1.0;  // values
  AxisTicks ticks;
  bool is_log = false;
  double from = 0.0, to = 1.0;  // places
  [[nodiscard]] double place(double value) const;
};
/// Exactly from low to high.
[[nodiscard]] Axis linear_axis(double low, double high, bool whole = false);
/// Over the values and no more, but around them where all are one. Marked where the values are if it is a measured one
/// and they are few.
[[nodiscard]] Axis exact_axis(const Extent& extent, const AxisStyle& style);
/// With some room above and below; a measured one that is not logarithmic begins at 0.
[[nodiscard]] Axis roomy_axis(const Extent& extent, const AxisStyle& style);

[[nodiscard]] std::string text_at(double x, double y, const char* anchor, std::string_view text);
[[nodiscard]] std::string line_at(const char* kind, double x1, double y1, double x2, double y2);
/// The axes as SVG; lines of the grid go over the whole of x, its title stands below.
[[nodiscard]] std::string y_axis_svg(const Axis& x, const Axis& y);
[[nodiscard]] std::string x_axis_svg(const Axis& x, double bottom, const std::string& title);
/// Where the x axis begins beside the texts of y.
[[nodiscard]] double left_of(const Axis& y);

}  // namespace crossilo
