// Aim: metrics.csv and timing.csv, for who reads a run with a spreadsheet or a data frame.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/io/append_file.hpp"
#include "crossilo/round/round_record.hpp"

namespace crossilo {

/// metrics.csv: the fields of metrics.jsonl, one column each; an empty cell where JSON has null.
class MetricsCsv {
 public:
  /// Writes the file anew from the lines of metrics.jsonl so far, then goes on with append().
  /// Throws: StorageError.
  MetricsCsv(const std::string& path, const std::string& metrics_jsonl);
  /// One more line of metrics.jsonl. Throws: StorageError.
  void append(const std::string& json_line);

 private:
  [[nodiscard]] std::string row(const std::string& json_line);
  std::vector<std::string> columns_;  // of the first line
  std::optional<AppendFile> file_;
};

/// timing.csv: for each round and phase the longest that a rank spent in it, and the silos of that rank.
class TimingCsv {
 public:
  /// Keeps the rows of an earlier start up to round `resumed`. `rank_silos`: names of each rank's silos.
  /// Throws: StorageError.
  TimingCsv(const std::string& path, RoundIndex resumed, std::vector<std::string> rank_silos);
  /// Rounds that an earlier start has told are passed over. Throws: StorageError.
  void append(const SlowestRanks& slowest);

 private:
  RoundIndex told_;
  std::vector<std::string> rank_silos_;
  std::optional<AppendFile> file_;
};

/// Phases and their seconds, in the order of kPhases.
using SecondsOfPhases = std::vector<std::pair<std::string, double>>;

/// Seconds of each phase in timing.csv, added up over all rounds. What is no row is passed over, and `notes` say so.
/// Throws: StorageError when it cannot be read.
[[nodiscard]] SecondsOfPhases phase_totals(const std::string& timing_csv, std::vector<std::string>& notes);

/// What timing.csv tells of one round; nothing of a round that is not there. Throws: StorageError when it cannot be
/// read.
[[nodiscard]] SecondsOfPhases phase_seconds(const std::string& timing_csv, RoundIndex round);

/// A cell as CSV (RFC 4180): quoted where it must be.
[[nodiscard]] std::string csv_cell(const std::string& text);

}  // namespace crossilo
