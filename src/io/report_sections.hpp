// Aim: the sections of a run's page, each as HTML; empty where the run has nothing for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crossilo/io/report.hpp"

namespace crossilo {

/// By how much federating is better than a silo's own data alone, above 0 where it is, also where a lower metric is
/// better; nothing where either has no value.
[[nodiscard]] std::optional<Measured> silo_gain(const ComparisonSummary& comparison, std::size_t silo);
/// The own models' metric, each silo by its test rows; NaN without any.
[[nodiscard]] double mean_of_own(const ComparisonSummary& comparison);

[[nodiscard]] std::string verdict_html(const RunSummary& run);
[[nodiscard]] std::string final_table_html(const RunSummary& run);
[[nodiscard]] std::string quality_html(const RunSummary& run);
[[nodiscard]] std::string gains_html(const RunSummary& run);
[[nodiscard]] std::string leaving_html(const RunSummary& run);
[[nodiscard]] std::string time_html(const RunSummary& run);
[[nodiscard]] std::string warnings_html(const RunSummary& run);
[[nodiscard]] std::string origin_html(const RunSummary& run);

}  // namespace crossilo
