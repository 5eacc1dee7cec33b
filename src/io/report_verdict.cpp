#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>

#include "crossilo/io/text.hpp"
#include "report_chart.hpp"
#include "report_page.hpp"
#include "report_sections.hpp"

namespace crossilo {
namespace {

bool is_lower_better(const std::string& metric) { return metric == "rmse"; }

/// With as many digits as a value of size `scale`.
std::string digits_text(double value, double scale) {
  scale = std::abs(scale);
  return fmt::format("{:.{}f}", value, scale < 10.0 ? 3 : scale < 100.0 ? 2 : scale < 1000.0 ? 1 : 0);
}

std::string signed_text(double value, double scale) {
  return (value < 0.0 ? "−" : "+") + digits_text(std::abs(value), scale);
}

double scale_of(const Measured& measured) { return std::max(std::abs(measured.low), std::abs(measured.high)); }

std::string interval_text(const Measured& measured) {
  return fmt::format("{} to {}", digits_text(measured.low, scale_of(measured)),
                     digits_text(measured.high, scale_of(measured)));
}
std::string signed_interval_text(const Measured& measured) {
  const double scale = scale_of(measured);
  return fmt::format("{} to {}", signed_text(measured.low, scale), signed_text(measured.high, scale));
}

Measured turned(const Measured& measured) {
  return {.value = -measured.value, .low = -measured.high, .high = -measured.low};
}

const TableCell* cell_at(const std::vector<TableCell>& cells, std::size_t at) {
  return at < cells.size() ? &cells[at] : nullptr;
}

/// "Its AUC is 0.906 (95 % interval 0.861 to 0.937) on 231 test rows of 4 silos."
std::string quality_sentence(const RunSummary& run) {
  const std::string metric = metric_title(run.metric);
  if (run.comparison && run.comparison->federated.size() > run.comparison->silos.size())
    if (const auto& all = run.comparison->federated.back().measured)
      return fmt::format(
          "{} {} (95 % interval {}) on {} test rows of {} silos.", metric, quality_text(all->value),
          interval_text(*all),
          std::accumulate(run.comparison->test_rows.begin(), run.comparison->test_rows.end(), std::size_t{0}),
          run.comparison->silos.size());
  if (!std::isfinite(run.final_metric())) return "";
  return fmt::format("{} {} on the test rows, with the model of round {}.", metric, quality_text(run.final_metric()),
                     run.best->round);
}

std::string pooled_sentence(const ComparisonSummary& comparison) {
  const auto& difference = comparison.federated_minus_pooled.measured;
  if (!difference) return "";
  const Measured gain = is_lower_better(comparison.metric) ? turned(*difference) : *difference;
  const char* const judgement = gain.low > 0.0    ? "That is better than pooling all rows"
                                : gain.high < 0.0 ? "Pooling all rows, which is not private, would be better"
                                                  : "Pooling all rows, which is not private, shows no difference";
  return fmt::format(" {}: federated minus pooled {} ({}).", judgement,
                     signed_text(difference->value, scale_of(*difference)), signed_interval_text(*difference));
}

std::string own_sentence(const ComparisonSummary& comparison) {
  std::size_t compared = 0, better = 0, sure = 0;
  for (std::size_t silo = 0; silo < comparison.silos.size(); ++silo)
    if (const auto gain = silo_gain(comparison, silo)) {
      ++compared;
      better += gain->value > 0.0 ? 1 : 0;
      sure += gain->low > 0.0 ? 1 : 0;
    }
  if (compared == 0) return "";
  return fmt::format(
      " Beside the silo's own data alone it is better at {} of {} silos that can be compared, at {} with its whole "
      "interval.",
      better, compared, sure);
}

/// How a run ended that has not finished.
std::string end_sentence(const RunSummary& run) {
  const std::uint32_t rounds = run.rounds.empty() ? 0 : run.rounds.back().round;
  const std::string of = run.rounds_wanted() > 0 ? fmt::format(" of {}", run.rounds_wanted()) : "";
  std::string text = fmt::format("Not finished: {}, with {}{} rounds on record", run.status, rounds, of);
  if (run.outcome) text += fmt::format(" (exit code {})", static_cast<int>(run.outcome->exit_code));
  if (run.outcome && !run.outcome->text.empty()) text += ": " + run.outcome->text;
  return text + ". ";
}

}  // namespace

std::string metric_title(const std::string& metric) {
  return metric == "auc" ? "AUC" : metric == "rmse" ? "RMSE" : "accuracy";
}

std::string quality_text(double value) { return std::isfinite(value) ? digits_text(value, value) : "–"; }

std::string utc_text(double unix_seconds) {
  if (!(std::abs(unix_seconds) < 1e11)) return "–";
  const auto whole = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<Measured> silo_gain(const ComparisonSummary& comparison, std::size_t silo) {
  const TableCell* const federated = cell_at(comparison.federated, silo);
  const TableCell* const own = cell_at(comparison.own, silo);
  if (federated == nullptr || own == nullptr || !federated->measured || !own->measured) return std::nullopt;
  const double value = federated->measured->value - own->measured->value;
  Measured gain{.value = value, .low = value, .high = value};
  if (const TableCell* const paired = cell_at(comparison.gain, silo); paired != nullptr && paired->measured)
    gain = *paired->measured;
  return is_lower_better(comparison.metric) ? turned(gain) : gain;
}

double mean_of_own(const ComparisonSummary& comparison) {
  double sum = 0.0, rows = 0.0;
  for (std::size_t silo = 0; silo < comparison.silos.size(); ++silo)
    if (const TableCell* const own = cell_at(comparison.own, silo); own != nullptr && own->measured) {
      sum += own->measured->value * static_cast<double>(comparison.test_rows[silo]);
      rows += static_cast<double>(comparison.test_rows[silo]);
    }
  return rows > 0.0 ? sum / rows : kUnknown;
}

std::string verdict_html(const RunSummary& run) {
  const bool is_finished = run.outcome && run.outcome->exit_code == ExitCode::success;
  const bool is_untrained = run.best_round_told == 0 && !run.rounds.empty();
  std::string text = is_finished ? "" : end_sentence(run);
  if (is_untrained)
    text +=
        "No round did better on the held-back rows than the model before training, which is the one judged here: "
        "train with a lower train.learning_rate. ";
  text += quality_sentence(run);
  if (run.comparison) text += pooled_sentence(*run.comparison) + own_sentence(*run.comparison);
  if (text.empty()) text = "Finished; no test row says how good the model is.";
  return fmt::format("<p class=\"verdict{}\">{}</p>\n",
                     (is_finished || run.status == "running") && !is_untrained ? "" : " alarm", html_escaped(text));
}

std::string final_table_html(const RunSummary& run) {
  if (!run.comparison) return "";
  const ComparisonSummary& comparison = *run.comparison;
  PageTable table{.titles = {metric_title(run.metric) + " on test rows", "rows tested"}, .rows = {}};
  const std::vector<std::pair<const char*, const std::vector<TableCell>*>> ways = {
      {"federated", &comparison.federated},
      {"own data only", &comparison.own},
      {"pooled (not private)", &comparison.pooled}};
  for (const auto& [name, cells] : ways)
    if (!cells->empty()) table.titles.insert(table.titles.end(), {name, "95 % interval"});
  std::vector<std::string> reasons;
  const std::size_t silos = comparison.silos.size();
  for (std::size_t i = 0; i <= silos; ++i) {
    const bool is_all = i == silos;
    const std::size_t rows =
        is_all ? std::accumulate(comparison.test_rows.begin(), comparison.test_rows.end(), std::size_t{0})
               : comparison.test_rows[i];
    table.rows.push_back({is_all ? "all" : comparison.silos[i], fmt::format("{}", rows)});
    for (const auto& [name, cells] : ways) {
      if (cells->empty()) continue;
      const TableCell* const cell = cell_at(*cells, i);
      const bool has_value = cell != nullptr && cell->measured;
      table.rows.back().push_back(has_value ? quality_text(cell->measured->value) : "–");
      table.rows.back().push_back(has_value ? interval_text(*cell->measured) : "");
      if (cell == nullptr || has_value || cell->reason.empty()) continue;
      const std::string reason = fmt::format("– {}: {}", table.rows.back().front(), cell->reason);
      if (std::ranges::count(reasons, reason) == 0) reasons.push_back(reason);
    }
  }
  std::string html = table_html(table);
  for (const std::string& reason : reasons) html += "<p class=\"soft\">" + html_escaped(reason) + "</p>\n";
  return html;
}

std::string gains_html(const RunSummary& run) {
  if (!run.comparison) return "";
  std::vector<std::pair<std::string, Measured>> gains;
  for (std::size_t silo = 0; silo < run.comparison->silos.size(); ++silo)
    if (const auto gain = silo_gain(*run.comparison, silo)) gains.emplace_back(run.comparison->silos[silo], *gain);
  if (gains.empty()) return "";
  std::ranges::stable_sort(gains, std::less<>(), [](const auto& gain) { return gain.second.value; });
  const auto& [worst, least] = gains.front();
  const std::string judgement = least.high < 0.0  ? "it does worse than alone"
                                : least.low > 0.0 ? "it still does better than alone"
                                                  : "its interval holds 0, so its test rows decide neither way";
  std::string html =
      paragraph_html(fmt::format("Least gains {}: {} ({}); {}.", worst, signed_text(least.value, scale_of(least)),
                                 signed_interval_text(least), judgement));
  constexpr std::size_t kDrawnMax = 40;
  PageTable table{.titles = {"silo", "gain", "95 % interval"}, .rows = {}};
  for (const auto& [silo, gain] : gains)
    table.rows.push_back({silo, signed_text(gain.value, scale_of(gain)), signed_interval_text(gain)});
  std::string note = is_lower_better(run.metric) ? "own data only minus federated" : "federated minus own data only";
  if (gains.size() > kDrawnMax) note += fmt::format(" · the {} lowest of {} silos", kDrawnMax, gains.size());
  gains.resize(std::min(gains.size(), kDrawnMax));
  html += pictures_html(
      {interval_chart_html({.title = fmt::format("Gain in {} on each silo's test rows", metric_title(run.metric)),
                            .x = fmt::format("gain in {} (above 0: federating is better)", metric_title(run.metric)),
                            .y = "",
                            .note = note},
                           gains)});
  return html + folded_table_html("Numbers of this picture", table);
}

}  // namespace crossilo
