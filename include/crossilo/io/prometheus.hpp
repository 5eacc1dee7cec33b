// Aim: where a run stands, as Prometheus's node_exporter collects it: a textfile, replaced as the run goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crossilo/base/clock.hpp"

namespace crossilo {

/// One metric of the text format.
struct PrometheusMetric {
  std::string name;  // "crossilo_round"
  std::string help;
  double value = 0.0;
  bool is_counter = false;  // else a gauge
};

/// The text format, version 0.0.4: HELP, TYPE and value of each metric, with the label run="RUN".
[[nodiscard]] std::string prometheus_text(const std::vector<PrometheusMetric>& metrics, std::string_view run);

/// A file that is replaced at most once a second.
class PrometheusFile {
 public:
  /// Alive until: the clock outlives this object.
  explicit PrometheusFile(std::string path, const Clock& clock = steady_clock())
      : path_(std::move(path)), clock_(clock) {}
  /// True when a second has passed since the last replace(), or there was none.
  [[nodiscard]] bool is_due() const;
  /// Whole or not at all, for who reads it; it does not wait for the disk. Throws: StorageError.
  void replace(const std::string& text);

 private:
  std::string path_;
  const Clock& clock_;
  bool is_written_ = false;
  double written_seconds_ = 0.0;
};

}  // namespace crossilo
