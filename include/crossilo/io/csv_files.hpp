// Aim: metrics.csv and timing.csv, for who reads a run with a spreadsheet or a data frame.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crossilo/comm/link_meter.hpp"
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

/// timing.csv: for each round and phase the longest that a rank spent in it, and the silos of that rank; for each two
/// sites and each start a row of the phase "link", in the round that it was measured in.
class TimingCsv {
 public:
  /// Keeps the rows of an earlier start up to round `resumed`. `rank_silos`: names of each rank's silos.
  /// Throws: StorageError.
  TimingCsv(const std::string& path, RoundIndex resumed, std::vector<std::string> rank_silos);
  /// Rounds that an earlier start has told are passed over. Throws: StorageError.
  void append(const SlowestRanks& slowest);
  /// Measured up to the end of that round. Throws: StorageError.
  void append(RoundIndex round, std::span<const SiteLink> links, const std::vector<std::string>& site_names);

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
/// The texts of a line's cells, without the quotes. A quote that is not closed ends with the line.
[[nodiscard]] std::vector<std::string> csv_cells(std::string_view line);

/// The phase of a link's row in timing.csv.
inline constexpr const char* kLinkPhase = "link";

}  // namespace crossilo
