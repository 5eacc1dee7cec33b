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

/// A record as one line of JSON; a number that is not finite becomes null.
[[nodiscard]] std::string json_line(const MetricRecord& record);

/// Keeps the lines of a metrics file whose "round" is below `round`, as a run does that goes on from there; nothing
/// happens without a file. Throws: StorageError.
void cut_metrics(const std::string& path, std::uint32_t round);

/// A json_line() `begun` that `record` continues, as one line; empty: `record` alone.
[[nodiscard]] std::string continued_line(const std::string& begun, const MetricRecord& record);

}  // namespace crossilo
