// Aim: one JSON object a round, one a line, readable while the run goes on.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace crossilo {

/// One line: keys with units in their names, in the order in which they are written. Never a value of a row.
using MetricValue = std::variant<double, std::int64_t, std::string>;
using MetricRecord = std::vector<std::pair<std::string, MetricValue>>;

/// Appends records to a file; each is on the disk's side of the program once write() returns.
class MetricsWriter {
 public:
  /// Throws: StorageError.
  explicit MetricsWriter(std::string path);
  ~MetricsWriter();
  MetricsWriter(const MetricsWriter&) = delete;
  MetricsWriter& operator=(const MetricsWriter&) = delete;

  /// A number that is not finite becomes null. Throws: StorageError.
  void write(const MetricRecord& record);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace crossilo
