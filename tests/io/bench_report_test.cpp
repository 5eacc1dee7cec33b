// Aim: what benchmarks measured stands on their page at the right place, and a line that cannot be drawn is named.
// Method: made-up lines; places in the SVG computed by hand, pages read by a small tag checker.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "../../src/io/report_chart.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/io/bench_lines.hpp"
#include "html_fault.hpp"

namespace crossilo {
namespace {

/// A line of "sum_by_size"; `more` begins with a comma.
std::string line(const std::string& name, double bytes, double median, const std::string& more = "") {
  return fmt::format(
      "{{\"bench\":\"sum_by_size\",\"case\":\"{}\",\"x\":\"bytes\",\"bytes\":{},\"seconds_min\":{},\"seconds_median\":{"
      "},"
      "\"seconds_p90\":{}{}}}\n",
      name, bytes, median / 2, median, median * 2, more);
}

BenchResults results_of(const std::string& text) {
  BenchResults results;
  read_bench_lines("sums.jsonl", text, results);
  return results;
}

std::string error_of(const std::string& text) {
  try {
    (void)results_of(text);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

bool has(const std::string& html, const std::string& text) { return html.find(text) != std::string::npos; }

TEST(BenchLines, SortsIntoChartsCasesAndPoints) {
  const BenchResults results = results_of(line("b", 2e6, 0.5) + "\n" + line("a", 1e6, 0.25, R"(,"group":"8 ranks")") +
                                          line("b", 1e6, 1.5, R"(,"wrong_values":0,"sites":[0,1],"deep":{"a":1})") +
                                          line("a", 2e6, 0.125, R"(,"bound_seconds":0.1,"bound":"wire")"));
  ASSERT_EQ(results.charts.size(), 2u);
  EXPECT_TRUE(results.notes.empty());
  const BenchChart& chart = results.charts[0];
  EXPECT_EQ(chart.bench, "sum_by_size");
  EXPECT_EQ(chart.group, "");
  EXPECT_EQ(chart.x_name, "bytes");
  ASSERT_EQ(chart.cases.size(), 2u);
  EXPECT_EQ(chart.cases[0].name, "b");
  ASSERT_EQ(chart.cases[0].points.size(), 2u);
  const BenchPoint& first = chart.cases[0].points[0];
  EXPECT_EQ(first.x, 1e6);
  EXPECT_EQ(first.seconds_min, 0.75);
  EXPECT_EQ(first.seconds_median, 1.5);
  EXPECT_EQ(first.seconds_p90, 3.0);
  EXPECT_FALSE(first.is_wrong);
  using Texts = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(first.others, (Texts{{"wrong_values", "0"}, {"sites", "[0,1]"}, {"deep", "…"}}));
  EXPECT_EQ(chart.cases[1].points[0].bound, std::pair(std::string("wire"), 0.1));
  EXPECT_EQ(results.charts[1].group, "8 ranks");
}

TEST(BenchLines, NamesFileLineAndKeyOfWhatCannotBeDrawn) {
  const std::string good = line("a", 1e6, 0.5);
  const auto without = [&](std::string from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return error_of(good + "\n" + text);
  };
  EXPECT_EQ(error_of(good + "no JSON \x1b\xff"), "sums.jsonl:2: a JSON object is expected, found \"no JSON \\u001b�\"");
  EXPECT_EQ(error_of("[1]"), "sums.jsonl:1: a JSON object is expected, found \"[1]\"");
  EXPECT_EQ(without("\"case\":\"a\",", ""), "sums.jsonl:3: \"case\": a text is expected, there is no such key");
  EXPECT_EQ(without("\"bench\":\"sum_by_size\"", "\"bench\":3"),
            "sums.jsonl:3: \"bench\": a text is expected, found 3");
  EXPECT_EQ(without("\"x\":\"bytes\"", "\"x\":\"ranks\""),
            "sums.jsonl:3: \"ranks\": a number is expected, there is no such key");
  EXPECT_EQ(without("\"seconds_min\":0.25", "\"seconds_min\":-1"),
            "sums.jsonl:3: \"seconds_min\": a number of seconds is expected, found -1");
  EXPECT_EQ(without("\"seconds_p90\":1", "\"seconds_p90\":null"),
            "sums.jsonl:3: \"seconds_p90\": a number of seconds is expected, found null");
  EXPECT_TRUE(has(error_of(line("a", 1e300, 1.0)), "a number is expected, found 1e+300"));
  EXPECT_TRUE(has(error_of(line("a", 1.0, 1.0, ",\"bound_seconds\":\"soon\"")), "found \"soon\""));
}

TEST(BenchLines, PassesOverLinesOfOtherBenchesAndCountsThem) {
  const std::string old = "{\"bench\":\"mask\",\"case\":\"aes\",\"seconds_min\":1}\n";
  const BenchResults results = results_of(old + line("a", 1.0, 1.0) + old + line("a", 1.0, 3.0));
  EXPECT_EQ(bench_line_counts(results), (std::pair<std::size_t, std::size_t>{1, 0}));
  EXPECT_EQ(results.charts[0].cases[0].points[0].seconds_median, 3.0);
  ASSERT_EQ(results.notes.size(), 2u);
  EXPECT_TRUE(has(results.notes[0], "sums.jsonl: 2 lines are passed over")) << results.notes[0];
  EXPECT_TRUE(has(results.notes[1], "sums.jsonl: 1 line is in place of earlier ones")) << results.notes[1];
  EXPECT_TRUE(has(bench_html("sums", results), "2 lines are passed over"));
}

TEST(BenchLines, AreReadFromSeveralFiles) {
  const std::string folder = testing::TempDir() + "crossilo_bench_lines_test";
  std::filesystem::create_directories(folder);
  const auto file = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  };
  const std::string one = file("one.jsonl", line("a", 1.0, 1.0));
  const std::string two = file("two.jsonl", line("b", 1.0, 1.0));
  const std::string old = file("old.jsonl", "{\"bench\":\"mask\"}\n");
  EXPECT_EQ(read_bench_files({one, two, old}).charts.at(0).cases.size(), 2u);
  EXPECT_THROW((void)read_bench_files({one, folder + "/none.jsonl"}), StorageError);
  EXPECT_THROW((void)read_bench_files({old}), DataError);
  EXPECT_THROW((void)read_bench_files({file("empty.jsonl", "\n")}), DataError);
  std::filesystem::remove_all(folder);
}

TEST(BenchPage, SaysAllValuesAndRatios) {
  const std::string html = bench_html(
      "sums", results_of(line("ring_sum", 1048576, 0.002, R"(,"bound_seconds":0.001,"fraction_of_bound":0.5)") +
                         line("MPI", 1048576, 0.005) + line("ring_sum", 2097152, 0.004) + line("MPI", 2097152, 0.016)));
  EXPECT_EQ(fault_of(html), "");
  for (const char* text : {"<h2>sum by size</h2>", "Time by bytes", "<th scope=\"col\">over ring_sum</th>",
                           "<td>ring_sum</td><td>1\u202f048\u202f576</td><td>1 ms</td><td>2 ms</td><td>4 "
                           "ms</td><td>1.00</td><td>1 ms</td><td>0.5</td>",
                           "<td>MPI</td><td>1\u202f048\u202f576</td><td>2.5 ms</td><td>5 ms</td><td>10 "
                           "ms</td><td>2.50</td><td>–</td><td>–</td>",
                           "ring_sum: 2.5 to 4 × as fast as MPI; 0.5 of the bound “bound”."})
    EXPECT_TRUE(has(html, text)) << text;
  EXPECT_FALSE(has(html, "wrong"));
  // The second picture: 2.5 and 4 on an axis from 0, ring_sum the line at 1.
  EXPECT_TRUE(has(html, "Time over that of ring_sum"));
  EXPECT_TRUE(has(html, fmt::format("H468.0\"><title>ring_sum"))) << html;
}

TEST(BenchPage, MarksWrongValuesAndLeavesThemOutOfRatios) {
  const std::string html =
      bench_html("sums", results_of(line("a", 1.0, 1.0) + line("b", 1.0, 4.0) + line("a", 2.0, 1.0) +
                                    line("b", 2.0, 9.0, R"(,"wrong_values":1)")));
  EXPECT_EQ(fault_of(html), "");
  for (const char* text :
       {"verdict alarm\">1 of 4 measurements", "class=\"cross\"", "<td>b ✗ wrong</td>", "a: 4 × as fast as b."})
    EXPECT_TRUE(has(html, text)) << text;
}

TEST(BenchPage, DrawsTheLowestBoundDashed) {
  const std::string html = bench_html("sums", results_of(line("a", 1e6, 1.0, R"(,"bound_seconds":0.4)") +
                                                         line("b", 1e6, 1.0, R"(,"bound_seconds":0.3)") +
                                                         line("a", 2e6, 1.0, R"(,"bound_seconds":0.5)")));
  // y from 254 to 28 holds 0 to 2 s and 4 % of what lies between the lowest and the highest value.
  const auto y = [](double seconds) { return 254.0 - 226.0 * seconds / (2.0 + 0.04 * (2.0 - 0.3)); };
  const std::string path =
      fmt::format("class=\"curve c6\" stroke-dasharray=\"8 4\" d=\"M63.6 {:.1f}L468.0 {:.1f}\"", y(0.3), y(0.5));
  EXPECT_TRUE(has(html, path)) << html;
}

TEST(BenchPage, EscapesWhateverItShows) {
  const std::string evil = "</svg><i>'&";
  std::string text = line(
      evil, 1.0, 1.0,
      ",\"group\":\"" + evil + "\",\"" + evil + "\":\"" + evil + "\",\"bound_seconds\":1,\"bound\":\"" + evil + "\"");
  text.replace(text.find("sum_by_size"), 11, evil);
  const std::string html = bench_html(evil, results_of(text + line("a", 0.0, 0.0)));
  EXPECT_EQ(fault_of(html), "");
  EXPECT_TRUE(has(html, "&lt;/svg&gt;&lt;i&gt;&#39;&amp;"));
}

/// A chart over bytes and seconds, both measured.
std::string measured_chart(const std::vector<ChartCurve>& curves) {
  return line_chart_html(
      {.title = "t", .x = "bytes", .y = "time"}, curves,
      {.x = {.unit = AxisUnit::bytes, .is_measured = true}, .y = {.unit = AxisUnit::seconds, .is_measured = true}});
}

TEST(BenchChart, IsLogarithmicAboveADecade) {
  const std::string html =
      measured_chart({{.name = "a",
                       .points = {{1e3, 1e-3}, {1e5, 0.1}, {1e9, 10.0}},
                       .bands = {{.x = 1e3, .low = 1e-3, .high = 1e-3}, {.x = 1e9, .low = 1.0, .high = 10.0}}}});
  EXPECT_EQ(fault_of(html), "");
  // x from 63.6 (six letters beside y) to 468, six decades; y from 254 to 28 holds four decades and 4 % at both ends.
  const auto y = [](double seconds) {
    return fmt::format("{:.1f}", 254.0 - 226.0 * (std::log10(seconds) + 3.0 + 0.16) / (4.0 + 0.32));
  };
  EXPECT_TRUE(has(html, fmt::format("d=\"M63.6 {}L198.4 {}L468.0 {}\"", y(1e-3), y(0.1), y(10.0)))) << html;
  EXPECT_TRUE(has(
      html, fmt::format("class=\"band c0\" d=\"M63.6 {0}L468.0 {1}L468.0 {2}L63.6 {0}Z\"", y(1e-3), y(10.0), y(1.0))))
      << html;
  for (const char* text : {">1 kB<", ">100 kB<", ">1 GB<", ">1 ms<", ">100 ms<", ">10 s<"})
    EXPECT_TRUE(has(html, text)) << text;
}

TEST(BenchChart, BeginsAtZeroBelowADecade) {
  const std::string html = measured_chart({{.name = "a", .points = {{1e6, 0.25}, {2e6, 0.5}}}});
  EXPECT_TRUE(has(html, "y=\"258.5\" text-anchor=\"end\">0</text>")) << html;
  EXPECT_TRUE(has(html, ">200 ms<")) << html;
}

TEST(BenchChart, IsMarkedWhereFewValuesAre) {
  const auto marks_of = [](const std::vector<double>& values, bool is_measured) {
    Extent extent;
    for (const double value : values) extent.widen(value);
    return exact_axis(extent, {.is_measured = is_measured}).ticks.values;
  };
  EXPECT_EQ(marks_of({100, 10, 50, 10}, true), (std::vector<double>{10, 50, 100}));
  EXPECT_EQ(marks_of({1, 2, 4, 8, 16}, true), (std::vector<double>{1, 2, 4, 8, 16}));
  EXPECT_EQ(marks_of({1, 2, 9}, true), (std::vector<double>{2, 4, 6, 8}));  // no room for 1 and 2 beside each other
  EXPECT_EQ(marks_of({1, 5, 9}, false), (std::vector<double>{2, 4, 6, 8}));
}

TEST(BenchChart, MarksPowersOfTwoAsSuch) {
  ChartCurve curve{.name = "a", .points = {}};
  for (int exponent = 10; exponent <= 30; ++exponent) curve.points.emplace_back(std::ldexp(1.0, exponent), exponent);
  const std::string html = measured_chart({curve});
  for (const char* text : {">1 KiB<", ">32 KiB<", ">1 MiB<", ">32 MiB<", ">1 GiB<"})
    EXPECT_TRUE(has(html, text)) << html;
  EXPECT_TRUE(has(measured_chart({{.name = "a", .points = {{1048576, 1}}}}), ">1 MiB<"));
}

TEST(BenchChart, LeavesOutTextsThatWouldRunIntoTheNext) {
  std::string lines;
  for (const int exponent : {14, 18, 22, 26, 28}) lines += line("a", std::ldexp(1.0, exponent), 0.5);
  const std::string page = bench_html("sums", results_of(lines));
  for (const char* const text : {">16 KiB<", ">256 KiB<", ">4 MiB<", ">256 MiB<"}) EXPECT_TRUE(has(page, text)) << text;
  EXPECT_FALSE(has(page, ">64 MiB<"));
}

TEST(BenchChart, LogarithmicTicksAreFewAndWithin) {
  EXPECT_EQ(log_ticks(1.0, 100.0, 7, false), (std::vector<double>{1, 2, 5, 10, 20, 50, 100}));
  EXPECT_EQ(log_ticks(1.0, 16.0, 8, true), (std::vector<double>{1, 2, 4, 8, 16}));
  for (const bool is_binary : {false, true})
    for (const double low : {1e-300, 3e-7, 1.0, 1e15})
      for (const double factor : {10.1, 1e4, 1e10, 1e84}) {
        const std::vector<double> ticks = log_ticks(low, low * factor, 8, is_binary);
        EXPECT_LE(ticks.size(), 8u);
        EXPECT_GE(ticks.size(), 1u) << low << " " << factor;
        for (const double tick : ticks) EXPECT_TRUE(tick > low * 0.99 && tick < low * factor * 1.01) << tick;
      }
}

}  // namespace
}  // namespace crossilo
