// Aim: what a run folder says of its run, read again by whoever was not there: as data, as one page, beside others.
//
// A run that was killed, or one of an older version, lacks files: what is there is told, and what is missing is noted.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/io/final_table.hpp"
#include "crossilo/io/manifest.hpp"

namespace crossilo {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// How good a model was on some rows; NaN: not evaluated, or not finite.
struct RoundQuality {
  double loss = kUnknown;
  double metric = kUnknown;
};

/// One line of metrics.jsonl.
struct RoundSummary {
  std::uint32_t round = 0;
  double unix_seconds = kUnknown;
  RoundQuality held_back;
  RoundQuality test;
  double bytes_sent = kUnknown;       // by the first rank, in the round's sum
  double sum_seconds = kUnknown;      // of the fastest rank, which waited for nobody; in older runs of the first
  bool is_sum_fastest = false;        // the former
  std::vector<double> phase_seconds;  // one for each of RunSummary::phases
  std::string missing_silos;          // "c, d": that the round was without
};

/// comparison.json: one entry for each silo, and one more for all rows in `federated` and `pooled`.
struct ComparisonSummary {
  std::string metric;
  std::vector<std::string> silos;
  std::vector<std::size_t> test_rows;
  std::vector<TableCell> federated, own, pooled;
  std::vector<TableCell> gain;  // federated minus own, paired row by row
  TableCell federated_minus_pooled;
};

/// One text that logs hold as a warning or an error, and how often.
struct LoggedWarning {
  std::string level, time, text;  // of the first
  std::size_t times = 1;
};

/// How often a silo was the last to end a phase, from timing.csv.
struct SlowestSilo {
  std::string phase, silo;
  std::size_t rounds = 0;
};

/// The way between two sites as a start's first round found it, from timing.csv; NaN: it could not be told.
struct LinkSummary {
  std::uint32_t round = 0;
  std::string sites;  // "east - west"
  double round_trip_seconds = kUnknown;
  double bytes_per_second = kUnknown;
};

/// A run, as far as its folder tells.
struct RunSummary {
  std::string folder, name;
  std::string status;  // "running", "killed", "finished", …
  std::optional<Outcome> outcome;
  std::optional<Manifest> manifest;
  std::vector<std::pair<std::string, std::string>> settings;  // config.ini: "section.key" and value
  std::string metric = "accuracy";        // "auc", "accuracy" or "rmse": the comparison's, otherwise the rounds'
  std::string round_metric = "accuracy";  // the rounds': without score histograms they have no AUC
  std::vector<RoundSummary> rounds;       // ascending
  std::vector<std::string> phases;        // "waiting" in place of "open" where it is known how long a sum took without
  bool phases_are_maxima = false;         // over all ranks, from timing.csv; otherwise the first rank's
  std::vector<SlowestSilo> slowest;
  std::vector<LinkSummary> links;
  std::string mask, noise;  // of the last round
  int lane_bits = 0;
  std::optional<std::uint32_t> best_round_told;  // by the last line; 0: the model before training
  std::optional<RoundSummary> best;              // by the held-back rows
  std::optional<ComparisonSummary> comparison;
  std::vector<LoggedWarning> warnings;  // of the logs; and the outcome's text where no log has it
  std::vector<std::string> notes;       // what could not be read

  [[nodiscard]] std::string setting(const std::string& key, const std::string& otherwise = "") const;
  /// Rounds wanted; 0 where nothing says.
  [[nodiscard]] std::uint32_t rounds_wanted() const;
  /// When it began; NaN where nothing says.
  [[nodiscard]] double started_unix_seconds() const;
  /// Of all starts together, without the time between them; NaN where nothing says.
  [[nodiscard]] double seconds() const;
  /// `metric` on all test rows: the comparison's, otherwise the best round's; NaN where there is none.
  [[nodiscard]] double final_metric() const;
};

/// Everything that a run folder tells. Damaged lines and files are left out and noted. Throws: StorageError where the
/// folder is none of a run.
[[nodiscard]] RunSummary run_summary(const std::string& folder);

/// "AUC", "accuracy", "RMSE".
[[nodiscard]] std::string metric_title(const std::string& metric);
/// "0.906", "12.34": three digits behind the point, fewer of what is large; "–": unknown.
[[nodiscard]] std::string quality_text(double value);
/// "2026-11-25 04:45:09 UTC"; "–": unknown.
[[nodiscard]] std::string utc_text(double unix_seconds);

/// A run as one page of HTML that needs nothing else, neither files nor scripts nor a network.
[[nodiscard]] std::string report_html(const RunSummary& run);
/// What `crossilo report --json` and `crossilo runs --json` print of a run.
[[nodiscard]] nlohmann::ordered_json run_json(const RunSummary& run);

/// Writes the page of a run into its folder and returns its path. Throws: StorageError.
std::string write_report(const std::string& folder);
std::string write_report(const RunSummary& run);

/// The runs, judged by the metric of their rounds where their comparisons have different ones or some have none.
[[nodiscard]] std::vector<RunSummary> comparable_runs(std::vector<RunSummary> runs);
/// Settings that are not alike in all runs: the key, then one value for each run ("–" where a run lacks it).
[[nodiscard]] std::vector<std::pair<std::string, std::vector<std::string>>> differing_settings(
    const std::vector<RunSummary>& runs);
/// Several runs over each other, as one page.
[[nodiscard]] std::string compare_html(const std::vector<RunSummary>& runs);

}  // namespace crossilo
