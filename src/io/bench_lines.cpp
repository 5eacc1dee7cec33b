#include "crossilo/io/bench_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::ordered_json;

/// A text, or any piece of a file, as a message can show it: quoted, in one line, not too long.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  const bool is_long = text.size() > kShownMax;
  return std::string(trimmed(json_text(Json(std::string(text.substr(0, kShownMax))), -1))) + (is_long ? " …" : "");
}

/// A value of a line as a table shows it; what is nested deeper than one list is not for tables.
std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() || (value.is_array() && std::ranges::any_of(value, &Json::is_structured))) return "…";
  return value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : value.dump();
}

/// One line, and where it stands for messages.
class Line {
 public:
  Line(std::string place, std::string_view text)
      : place_(std::move(place)), json_(Json::parse(text, nullptr, /*allow_exceptions=*/false)) {
    if (!json_.is_object())
      throw DataError(fmt::format("{}: a JSON object is expected, found {}", place_, in_quotes(text)));
  }
  [[nodiscard]] const Json& json() const { return json_; }

  [[nodiscard]] bool has(const std::string& key) const { return json_.contains(key) && !json_[key].is_null(); }

  [[nodiscard]] std::string text(const std::string& key) const {
    if (!has(key) || !json_[key].is_string() || json_[key].get_ref<const std::string&>().empty()) refuse(key, "a text");
    return json_[key].get<std::string>();
  }
  [[nodiscard]] std::string text_or_none(const std::string& key) const { return has(key) ? text(key) : ""; }

  [[nodiscard]] double number(const std::string& key, const char* expected = "a number") const {
    constexpr double kHuge = 1e100;  // which no axis holds
    if (!has(key) || !json_[key].is_number() || !(std::abs(json_[key].get<double>()) < kHuge)) refuse(key, expected);
    return json_[key].get<double>();
  }
  [[nodiscard]] double seconds(const std::string& key) const {
    constexpr const char* kExpected = "a number of seconds";
    const double value = number(key, kExpected);
    if (!(value >= 0.0)) refuse(key, kExpected);
    return value;
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const char* expected) const {
    const auto found = json_.find(key);
    const std::string what = found == json_.end()                           ? "there is no such key"
                             : found->is_primitive() && !found->is_string() ? "found " + found->dump()
                                                                            : "found " + in_quotes(value_text(*found));
    throw DataError(fmt::format("{}: {}: {} is expected, {}", place_, in_quotes(key), expected, what));
  }

  std::string place_;
  Json json_;
};

BenchPoint point_of(const Line& line, const std::string& x_name) {
  BenchPoint point{.x = line.number(x_name),
                   .seconds_min = line.seconds("seconds_min"),
                   .seconds_median = line.seconds("seconds_median"),
                   .seconds_p90 = line.seconds("seconds_p90")};
  const std::string bound = line.text_or_none("bound");
  if (line.has("bound_seconds")) point.bound.emplace(bound.empty() ? "bound" : bound, line.seconds("bound_seconds"));
  point.is_wrong = line.has("wrong_values") && line.number("wrong_values") > 0.0;
  constexpr std::array kShownElsewhere = {"bench",          "group",       "case",          "x",    "seconds_min",
                                          "seconds_median", "seconds_p90", "bound_seconds", "bound"};
  for (const auto& [key, value] : line.json().items())
    if (key != x_name && std::ranges::count(kShownElsewhere, key) == 0)
      point.others.emplace_back(key, value_text(value));
  return point;
}

/// The element that fits, added where there is none.
template <class Element, class Fits>
Element& found_or_added(std::vector<Element>& elements, const Fits& fits, Element added) {
  const auto found = std::ranges::find_if(elements, fits);
  return found != elements.end() ? *found : elements.emplace_back(std::move(added));
}

/// False where the point was there before, and now is this one.
bool add_line(const Line& line, BenchResults& results) {
  const BenchChart key{
      .bench = line.text("bench"), .group = line.text_or_none("group"), .x_name = line.text("x"), .cases = {}};
  const BenchPoint point = point_of(line, key.x_name);
  BenchChart& chart = found_or_added(
      results.charts,
      [&](const BenchChart& c) { return c.bench == key.bench && c.group == key.group && c.x_name == key.x_name; }, key);
  const std::string name = line.text("case");
  auto& points =
      found_or_added(
          chart.cases, [&](const BenchCase& c) { return c.name == name; }, BenchCase{.name = name, .points = {}})
          .points;
  const auto place = std::ranges::lower_bound(points, point.x, std::less<>(), &BenchPoint::x);
  if (place == points.end() || place->x != point.x) return points.insert(place, point), true;
  *place = point;
  return false;
}

std::string lines_are(std::size_t lines) { return lines == 1 ? "1 line is" : fmt::format("{} lines are", lines); }

}  // namespace

void read_bench_lines(const std::string& path, std::string_view text, BenchResults& results) {
  std::size_t number = 0, drawn = 0, without_x = 0, replaced = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view written = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (written.empty()) continue;
    const Line line(fmt::format("{}:{}", path, number), written);
    if (!line.has("x")) {
      ++without_x;
      continue;
    }
    if (!add_line(line, results)) ++replaced;
    ++drawn;
  }
  if (drawn + without_x == 0) results.notes.push_back(path + ": holds no line");
  if (without_x > 0)
    results.notes.push_back(
        fmt::format("{}: {} passed over, without the key \"x\" they belong to no chart", path, lines_are(without_x)));
  if (replaced > 0)
    results.notes.push_back(
        fmt::format("{}: {} in place of earlier ones of the same case and x", path, lines_are(replaced)));
}

BenchResults read_bench_files(const std::vector<std::string>& paths) {
  BenchResults results;
  for (const std::string& path : paths) {
    const auto text = read_file_if_there(path);
    if (!text) throw StorageError(path + ": no such file");
    read_bench_lines(path, *text, results);
  }
  if (results.charts.empty())
    throw DataError(
        fmt::format("{}: nothing to draw: lines are expected that name in the key \"x\" what their chart goes "
                    "over (docs/report.md)",
                    fmt::join(results.notes, "; ")));
  return results;
}

std::pair<std::size_t, std::size_t> bench_line_counts(const BenchResults& results) {
  std::pair<std::size_t, std::size_t> counts{0, 0};
  for (const BenchChart& chart : results.charts)
    for (const BenchCase& bench_case : chart.cases) {
      counts.first += bench_case.points.size();
      counts.second += static_cast<std::size_t>(std::ranges::count_if(bench_case.points, &BenchPoint::is_wrong));
    }
  return counts;
}

}  // namespace crossilo
