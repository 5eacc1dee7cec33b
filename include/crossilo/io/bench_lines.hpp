// Aim: what benchmarks measured, read from their JSON lines (docs/report.md has the keys) and drawn as one page.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossilo {

/// One line: how long one case took at one x.
struct BenchPoint {
  double x = 0.0;
  double seconds_min = 0.0, seconds_median = 0.0, seconds_p90 = 0.0;
  std::optional<std::pair<std::string, double>> bound;      // its name, and the seconds that physics allows
  bool is_wrong = false;                                    // some values of the result were
  std::vector<std::pair<std::string, std::string>> others;  // all other keys, as texts
};

/// One curve of a chart. Shapes: points by x, ascending, one for each.
struct BenchCase {
  std::string name;
  std::vector<BenchPoint> points;
};

/// All cases of one benchmark, in one of its groups (maybe ""), over one key.
struct BenchChart {
  std::string bench, group, x_name;
  std::vector<BenchCase> cases;  // as they first came
};

struct BenchResults {
  std::vector<BenchChart> charts;  // as they first came
  std::vector<std::string> notes;  // which lines were passed over
};

/// Adds the lines of a file. Lines without the key "x" are passed over and noted; of two lines about one point the
/// later one holds. Throws: DataError naming file, line and key.
void read_bench_lines(const std::string& path, std::string_view text, BenchResults& results);
/// Those of several files. Throws: StorageError where one cannot be read; DataError, also where nothing can be drawn.
[[nodiscard]] BenchResults read_bench_files(const std::vector<std::string>& paths);

/// How many lines there are, and how many of them are wrong.
[[nodiscard]] std::pair<std::size_t, std::size_t> bench_line_counts(const BenchResults& results);

/// One page of HTML that needs nothing else: a picture for each chart, below it all values.
[[nodiscard]] std::string bench_html(const std::string& name, const BenchResults& results);

}  // namespace crossilo
