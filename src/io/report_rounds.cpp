#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "crossilo/io/text.hpp"
#include "report_chart.hpp"
#include "report_page.hpp"
#include "report_sections.hpp"

namespace crossilo {
namespace {

ChartPoints points_of(const RunSummary& run, const std::function<double(const RoundSummary&)>& value) {
  ChartPoints points;
  for (const RoundSummary& round : run.rounds) points.emplace_back(round.round, value(round));
  return points;
}

/// Every so many-th round and the last: a table that a person can still look through.
std::vector<const RoundSummary*> listed_rounds(const RunSummary& run) {
  constexpr std::size_t kListedMax = 200;
  const std::size_t each = (run.rounds.size() + kListedMax - 1) / kListedMax;
  std::vector<const RoundSummary*> listed;
  for (std::size_t i = 0; i < run.rounds.size(); ++i)
    if (i % each == 0 || i + 1 == run.rounds.size()) listed.push_back(&run.rounds[i]);
  return listed;
}

std::string table_title(const RunSummary& run, std::size_t listed) {
  if (listed == run.rounds.size()) return "Numbers of these pictures";
  return fmt::format("Numbers of these pictures: {} of {} rounds; metrics.jsonl has all", listed, run.rounds.size());
}

/// Phases of small models take microseconds.
std::string seconds_text(double seconds) {
  return seconds < 0.00095 ? fmt::format("{:.0f} µs", 1e6 * seconds) : readable_seconds(seconds);
}

/// A rank waits while slower ones work, and their time counts already; times of one rank follow each other.
bool passes_beside(const RunSummary& run, std::size_t phase) {
  return run.phases_are_maxima && (run.phases[phase] == "waiting" || run.phases[phase] == "open");
}

/// "Rounds 21 to 40 were trained without silo c, …": each stretch of rounds that lacked the same silos.
std::string missing_html(const RunSummary& run) {
  std::string html;
  for (std::size_t begin = 0, end = 0; begin < run.rounds.size(); begin = end) {
    const std::string& missing = run.rounds[begin].missing_silos;
    while (end < run.rounds.size() && run.rounds[end].missing_silos == missing) ++end;
    if (!missing.empty())
      html += "<p class=\"alarm-text\">" +
              html_escaped(fmt::format("Rounds {} to {} were trained without silo {}, which had been lost or left out.",
                                       run.rounds[begin].round, run.rounds[end - 1].round, missing)) +
              "</p>\n";
  }
  return html;
}

double phase_sum(const RunSummary& run, std::size_t phase) {
  double sum = 0.0;
  for (const RoundSummary& round : run.rounds) sum += round.phase_seconds[phase];
  return sum;
}

/// From the end of the round before to its own; so no start's first round, whose beginning nothing tells.
std::string longest_round_sentence(const RunSummary& run) {
  double longest = 0.0;
  std::uint32_t number = 0;
  for (std::size_t i = 1; i < run.rounds.size(); ++i) {
    const double before = run.rounds[i - 1].unix_seconds, end = run.rounds[i].unix_seconds;
    const auto lies_between = [&](const ManifestStart& start) {
      return before <= start.started_unix_seconds && start.started_unix_seconds <= end;
    };
    if (run.manifest && std::ranges::any_of(run.manifest->starts, lies_between)) continue;
    if (run.rounds[i].round != run.rounds[i - 1].round + 1 || !(end - before > longest)) continue;
    longest = end - before;
    number = run.rounds[i].round;
  }
  if (number == 0) return "";
  return fmt::format(" The longest round but a start’s first, {}, took {}.", number, seconds_text(longest));
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return kUnknown;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

std::size_t colour_of(const std::string& phase) {
  static const std::map<std::string, std::size_t> kColours = {{"train", 0}, {"sum", 1},        {"evaluate", 2},
                                                              {"mask", 3},  {"decode", 4},     {"encode", 5},
                                                              {"open", 6},  {"checkpoint", 7}, {"waiting", 6}};
  const auto found = kColours.find(phase);
  return found == kColours.end() ? 6 : found->second;
}

/// As many bars as can be told apart; each the mean of its rounds.
struct PhaseBars {
  std::vector<double> edges;
  std::vector<ChartLayer> layers;
  std::size_t rounds_each = 1;
};

PhaseBars phase_bars(const RunSummary& run) {
  constexpr std::size_t kBarsMax = 120;
  PhaseBars bars;
  bars.rounds_each = (run.rounds.size() + kBarsMax - 1) / kBarsMax;
  for (std::size_t phase = 0; phase < run.phases.size(); ++phase)
    bars.layers.push_back({.name = run.phases[phase] == "open" ? "open (waiting)" : run.phases[phase],
                           .colour = colour_of(run.phases[phase]),
                           .values = {}});
  for (std::size_t first = 0; first < run.rounds.size(); first += bars.rounds_each) {
    const std::size_t end = std::min(first + bars.rounds_each, run.rounds.size());
    bars.edges.push_back(static_cast<double>(run.rounds[first].round) - 0.5);
    for (std::size_t phase = 0; phase < run.phases.size(); ++phase) {
      double sum = 0.0;
      for (std::size_t i = first; i < end && !passes_beside(run, phase); ++i) sum += run.rounds[i].phase_seconds[phase];
      bars.layers[phase].values.push_back(sum / static_cast<double>(end - first));
    }
  }
  if (!run.rounds.empty()) bars.edges.push_back(static_cast<double>(run.rounds.back().round) + 0.5);
  std::erase_if(bars.layers, [](const ChartLayer& layer) {
    return std::ranges::all_of(layer.values, [](double value) { return value <= 0.0; });
  });
  return bars;
}

std::string time_chart_html(const RunSummary& run) {
  PhaseBars bars = phase_bars(run);
  std::vector<double> heights(bars.edges.size() - 1, 0.0);
  for (const ChartLayer& layer : bars.layers)
    std::ranges::transform(layer.values, heights, heights.begin(), std::plus<>());
  const double highest = std::ranges::max(heights);
  const double usual = percentile(heights, 0.95);
  // One round that waited long would flatten all others: it is cut off, and said.
  const bool is_cut = usual > 0.0 && highest > 3.0 * usual;
  const double top = 1.1 * (is_cut ? 1.3 * usual : highest);
  const double unit = top < 1.0 ? 1e-3 : 1.0;
  for (ChartLayer& layer : bars.layers)
    for (double& value : layer.values) value /= unit;
  std::string note;
  if (bars.rounds_each > 1) note = fmt::format("each bar is the mean of {} rounds", bars.rounds_each);
  if (is_cut)
    note += fmt::format("{}cut at the top: the highest bar is {}", note.empty() ? "" : "; ", seconds_text(highest));
  return stacked_chart_html({.title = "Time of each phase by round",
                             .x = "round",
                             .y = unit < 1.0 ? "milliseconds a round" : "seconds a round",
                             .note = note},
                            bars.edges, bars.layers, top / unit);
}

/// Seconds of each phase over the run, and who was last in it most often.
PageTable phase_table(const RunSummary& run) {
  PageTable table{.titles = {"phase", "in all", "share", "median", "longest"}, .rows = {}};
  table.is_last_text = !run.slowest.empty();
  if (table.is_last_text) table.titles.emplace_back("most often longest at (rounds)");
  double all = 0.0;
  for (std::size_t phase = 0; phase < run.phases.size(); ++phase)
    if (!passes_beside(run, phase)) all += phase_sum(run, phase);
  for (std::size_t phase = 0; phase < run.phases.size(); ++phase) {
    std::vector<double> seconds;
    for (const RoundSummary& round : run.rounds) seconds.push_back(round.phase_seconds[phase]);
    const double sum = phase_sum(run, phase);
    table.rows.push_back({run.phases[phase], seconds_text(sum),
                          all > 0.0 && !passes_beside(run, phase) ? fmt::format("{:.0f} %", 100.0 * sum / all) : "–",
                          seconds_text(percentile(seconds, 0.5)), seconds_text(percentile(seconds, 1.0))});
    if (run.slowest.empty()) continue;
    const auto slowest = std::ranges::find(run.slowest, run.phases[phase], &SlowestSilo::phase);
    table.rows.back().push_back(slowest == run.slowest.end() ? "–"
                                                             : fmt::format("{} ({})", slowest->silo, slowest->rounds));
  }
  return table;
}

std::string rate_sentence(const RunSummary& run) {
  std::vector<double> rates;
  for (const RoundSummary& round : run.rounds)
    if (round.sum_seconds > 0.0 && round.bytes_sent > 0.0) rates.push_back(round.bytes_sent / round.sum_seconds);
  if (rates.empty()) return "";
  return fmt::format(" While it summed, a rank sent {}/s (median of the rounds).",
                     readable_bytes(percentile(rates, 0.5)));
}

std::string links_html(const RunSummary& run) {
  if (run.links.empty()) return "";
  PageTable table{.titles = {"between sites", "round trip", "payload", "measured in round"}, .rows = {}};
  for (const LinkSummary& link : run.links)
    table.rows.push_back({link.sites, std::isnan(link.round_trip_seconds) ? "–" : seconds_text(link.round_trip_seconds),
                          std::isnan(link.bytes_per_second) ? "–" : readable_bytes(link.bytes_per_second) + "/s",
                          fmt::format("{}", link.round)});
  return table_html(table);
}

}  // namespace

std::string quality_html(const RunSummary& run) {
  const std::string metric = metric_title(run.round_metric);
  std::vector<ChartCurve> curves = {
      {.name = "federated, test rows",
       .colour = 0,
       .points = points_of(run, [](const auto& r) { return r.test.metric; })},
      {.name = "federated, held-back rows", .colour = 5, .dash = 2, .points = points_of(run, [](const auto& r) {
                                                                      return r.held_back.metric;
                                                                    })}};
  if (run.comparison && run.metric == run.round_metric) {
    if (const double own = mean_of_own(*run.comparison); std::isfinite(own))
      curves.push_back(
          {.name = "own data only, mean of the silos, final", .colour = 1, .dash = 1, .points = {}, .level = own});
    if (run.comparison->pooled.size() > run.comparison->silos.size())
      if (const auto& pooled = run.comparison->pooled.back().measured)
        curves.push_back(
            {.name = "pooled (not private), final", .colour = 2, .dash = 3, .points = {}, .level = pooled->value});
  }
  const std::vector<ChartCurve> losses = {
      {.name = "federated, test rows",
       .colour = 0,
       .points = points_of(run, [](const auto& r) { return r.test.loss; })},
      {.name = "federated, held-back rows", .colour = 5, .dash = 2, .points = points_of(run, [](const auto& r) {
                                                                      return r.held_back.loss;
                                                                    })}};
  const auto best = run.best ? std::optional<double>(run.best->round) : std::nullopt;
  const std::string note = run.best ? fmt::format("line: best round, {}", run.best->round) : "";
  std::string html =
      pictures_html({line_chart_html({.title = metric + " by round",
                                      .x = "round",
                                      .y = metric + (run.round_metric == "rmse" ? " in the target's unit" : ""),
                                      .note = note},
                                     curves, {.marked_x = best}),
                     line_chart_html({.title = "Loss by round", .x = "round", .y = "mean loss of a row", .note = note},
                                     losses, {.marked_x = best})});
  const auto missing =
      std::ranges::count_if(run.rounds, [](const auto& r) { return !std::isfinite(r.held_back.loss); });
  if (missing > 0)
    html += paragraph_html(
        fmt::format("{} of {} rounds have no value: not evaluated, or not finite.", missing, run.rounds.size()));
  html += missing_html(run);
  PageTable table{.titles = {"round", "test " + metric, "test loss", "held-back " + metric, "held-back loss"},
                  .rows = {}};
  for (const RoundSummary* round : listed_rounds(run))
    table.rows.push_back({fmt::format("{}", round->round), quality_text(round->test.metric),
                          quality_text(round->test.loss), quality_text(round->held_back.metric),
                          quality_text(round->held_back.loss)});
  return html + folded_table_html(table_title(run, table.rows.size()), table);
}

std::string time_html(const RunSummary& run) {
  if (run.rounds.empty()) return "";
  std::string text =
      fmt::format("{} for {} rounds{}. Seconds are those of {}.", seconds_text(run.seconds()), run.rounds.size(),
                  run.comparison ? ", with the comparison" : "",
                  run.phases_are_maxima
                      ? "the slowest rank in each phase; ranks wait while slower ones work, so waiting has no share"
                      : "the first rank");
  text += longest_round_sentence(run);
  const auto slowest = std::ranges::find(run.slowest, "train", &SlowestSilo::phase);
  if (slowest != run.slowest.end())
    text += fmt::format(" Slowest in training was most often {}, in {} rounds.", slowest->silo, slowest->rounds);
  text += rate_sentence(run);
  std::string html =
      paragraph_html(text) + pictures_html({time_chart_html(run)}) + table_html(phase_table(run)) + links_html(run);
  PageTable table{.titles = {"round"}, .rows = {}};
  for (const std::string& phase : run.phases) table.titles.push_back(phase);
  for (const RoundSummary* round : listed_rounds(run)) {
    table.rows.push_back({fmt::format("{}", round->round)});
    for (const double seconds : round->phase_seconds) table.rows.back().push_back(seconds_text(seconds));
  }
  return html + folded_table_html(table_title(run, table.rows.size()), table);
}

}  // namespace crossilo
