// Aim: all files of a run folder that grow with the rounds, written from one line a round.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/base/log.hpp"
#include "crossilo/io/csv_files.hpp"
#include "crossilo/io/prometheus.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/io/tensorboard.hpp"

namespace crossilo {

/// metrics.jsonl, metrics.csv, timing.csv, metrics.prom and tensorboard/ of a run; its first rank has them. A run goes
/// on from metrics.jsonl, so this one must be whole; any other that fails is given up with a warning, until the next
/// start.
class RoundFiles {
 public:
  struct Options {
    std::uint32_t rounds = 0;             // that are wanted
    RoundIndex resumed{};                 // the round after which this start goes on; 0: none
    std::vector<std::string> rank_silos;  // names of each rank's silos
    std::function<void(const std::string&)> warn = log_warning;
  };
  /// Takes up the files of an earlier start: what they tell of the resumed round's evaluation and of later rounds is
  /// cut off, for this start tells it anew. Throws: StorageError about metrics.jsonl.
  RoundFiles(const RunFolder& folder, Options options);

  /// A round with its evaluation, as one line of JSON (io/metrics), and who was slowest in it. A line that cannot be
  /// written is kept for the next round. Throws: StorageError when that happened three times in a row.
  void append(const std::string& line, const SlowestRanks& slowest);
  /// The ways between the sites, measured up to the end of that round.
  void append_links(RoundIndex round, std::span<const SiteLink> links, const std::vector<std::string>& site_names);
  /// True when metrics.jsonl holds every line.
  [[nodiscard]] bool is_whole() const noexcept { return unwritten_.empty(); }
  /// Brings metrics.jsonl and metrics.prom up to the last round. Throws: StorageError about metrics.jsonl.
  void close();

 private:
  void append_metrics(const std::string& line);
  void replace_prometheus();
  template <class File, class Act>
  void use(std::optional<File>& file, const Act& act);
  std::string run_;
  Options options_;
  AppendFile metrics_;
  std::string unwritten_;       // lines of metrics.jsonl
  std::uint32_t failures_ = 0;  // to write them, in a row
  std::optional<MetricsCsv> metrics_csv_;
  std::optional<TimingCsv> timing_;
  std::optional<EventFile> events_;
  std::optional<PrometheusFile> prometheus_;
  SecondsOfPhases resumed_seconds_;  // of the resumed round, as far as an earlier start could tell them
  std::string last_line_;
  SecondsOfPhases last_seconds_;
  double bytes_sent_ = 0.0;  // since this start
};

}  // namespace crossilo
