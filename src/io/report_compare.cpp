#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "crossilo/io/report.hpp"
#include "crossilo/io/text.hpp"
#include "report_chart.hpp"
#include "report_page.hpp"
#include "report_sections.hpp"

namespace crossilo {
namespace {

using Quality = double RoundQuality::*;

std::vector<ChartCurve> curves_of(const std::vector<RunSummary>& runs, Quality quality) {
  std::vector<ChartCurve> curves;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ChartCurve curve{.name = runs[i].name, .colour = i % 8, .dash = i, .points = {}};
    for (const RoundSummary& round : runs[i].rounds) curve.points.emplace_back(round.round, round.test.*quality);
    curves.push_back(std::move(curve));
  }
  return curves;
}

/// Every so many-th round of the longest run, and what each run had there.
PageTable rounds_table(const std::vector<RunSummary>& runs, const std::string& metric, Quality quality) {
  constexpr std::size_t kListedMax = 200;
  PageTable table{.titles = {"round"}, .rows = {}};
  for (const RunSummary& run : runs) table.titles.push_back(run.name + ", " + metric);
  const auto longest = std::ranges::max_element(runs, std::less<>(), [](const auto& run) { return run.rounds.size(); });
  if (longest == runs.end()) return table;
  const std::size_t each = (longest->rounds.size() + kListedMax - 1) / kListedMax;
  for (std::size_t i = 0; i < longest->rounds.size(); i += each) {
    const std::uint32_t round = longest->rounds[i].round;
    table.rows.push_back({fmt::format("{}", round)});
    for (const RunSummary& run : runs) {
      const auto found = std::ranges::lower_bound(run.rounds, round, std::less<>(), &RoundSummary::round);
      const bool has_round = found != run.rounds.end() && found->round == round;
      table.rows.back().push_back(quality_text(has_round ? found->test.*quality : kUnknown));
    }
  }
  return table;
}

PageTable results_table(const std::vector<RunSummary>& runs) {
  PageTable table{.titles = {"run", "metric on test rows", "value", "best round", "rounds", "seconds", "status"},
                  .rows = {}};
  for (const RunSummary& run : runs)
    table.rows.push_back({run.name, metric_title(run.metric), quality_text(run.final_metric()),
                          run.best ? fmt::format("{}", run.best->round) : "–",
                          fmt::format("{}", run.rounds.empty() ? 0 : run.rounds.back().round),
                          readable_seconds(run.seconds()), run.status});
  return table;
}

std::string settings_html(const std::vector<RunSummary>& runs) {
  const auto settings = differing_settings(runs);
  if (settings.empty()) return paragraph_html("None: all runs have the same settings.");
  PageTable table{.titles = {"setting"}, .rows = {}, .is_of_numbers = false};
  for (const RunSummary& run : runs) table.titles.push_back(run.name);
  for (const auto& [key, values] : settings) {
    table.rows.push_back({key});
    table.rows.back().insert(table.rows.back().end(), values.begin(), values.end());
  }
  return table_html(table);
}

}  // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> differing_settings(const std::vector<RunSummary>& runs) {
  std::vector<std::string> keys;
  for (const RunSummary& run : runs)
    for (const auto& [key, value] : run.settings)
      if (std::ranges::count(keys, key) == 0) keys.push_back(key);
  std::vector<std::pair<std::string, std::vector<std::string>>> differing;
  for (const std::string& key : keys) {
    std::vector<std::string> values;
    for (const RunSummary& run : runs) values.push_back(run.setting(key, "–"));
    if (std::ranges::count(values, values.front()) != static_cast<std::ptrdiff_t>(values.size()))
      differing.emplace_back(key, std::move(values));
  }
  return differing;
}

std::vector<RunSummary> comparable_runs(std::vector<RunSummary> runs) {
  const auto differ = [&](std::string RunSummary::*metric) {
    return std::ranges::any_of(runs, [&](const RunSummary& run) { return run.*metric != runs.front().*metric; });
  };
  if (differ(&RunSummary::metric) && !differ(&RunSummary::round_metric))
    for (RunSummary& run : runs) run.metric = run.round_metric;
  return runs;
}

std::string compare_html(const std::vector<RunSummary>& runs) {
  const auto is_alike = [&](const RunSummary& run) { return run.round_metric == runs.front().round_metric; };
  const bool is_one_metric = std::ranges::all_of(runs, is_alike);
  std::vector<std::string> pictures;
  const auto draw = [&](const std::string& title, const std::string& unit, Quality quality) {
    pictures.push_back(line_chart_html({.title = title + " on test rows by round", .x = "round", .y = unit},
                                       curves_of(runs, quality)) +
                       folded_table_html("Numbers of this picture", rounds_table(runs, title, quality)));
  };
  if (is_one_metric && !runs.empty()) {
    const std::string metric = metric_title(runs.front().round_metric);
    draw(metric, metric, &RoundQuality::metric);
  }
  draw("Loss", "mean loss of a row", &RoundQuality::loss);
  std::string body = "<header><h1>Runs compared</h1></header>\n" + table_html(results_table(runs));
  if (!is_one_metric)
    body += paragraph_html(
        "The runs have different metrics, so only their losses are drawn, and those of different tasks "
        "do not compare.");
  body += section_html("How they learned", pictures_html(pictures));
  body += section_html("Settings that differ", settings_html(runs));
  return page_html("Runs compared · crossilo", body);
}

}  // namespace crossilo
