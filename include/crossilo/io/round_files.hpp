// Aim: all files of a run folder that grow with the rounds, written from one line a round.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crossilo/io/csv_files.hpp"
#include "crossilo/io/prometheus.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/io/tensorboard.hpp"

namespace crossilo {

/// metrics.jsonl, metrics.csv, timing.csv, metrics.prom and tensorboard/ of a run; its first rank has them.
class RoundFiles {
 public:
  struct Options {
    std::uint32_t rounds = 0;             // that are wanted
    RoundIndex resumed{};                 // the round after which this start goes on; 0: none
    std::vector<std::string> rank_silos;  // names of each rank's silos
  };
  /// Takes up the files of an earlier start: what they tell of the resumed round's evaluation and of later rounds is
  /// cut off, for this start tells it anew. Throws: StorageError.
  RoundFiles(const RunFolder& folder, Options options);

  /// A round with its evaluation, as one line of JSON (io/metrics), and who was slowest in it. Throws: StorageError.
  void append(const std::string& line, const SlowestRanks& slowest);
  /// Brings metrics.prom up to the last round. Throws: StorageError.
  void close();

 private:
  void replace_prometheus();
  std::string run_;
  Options options_;
  AppendFile metrics_;
  MetricsCsv metrics_csv_;
  TimingCsv timing_;
  EventFile events_;
  PrometheusFile prometheus_;
  std::string last_line_;
  SlowestRanks last_slowest_;
  double bytes_sent_ = 0.0;  // since this start
};

}  // namespace crossilo
