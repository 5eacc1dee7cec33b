#include "crossilo/round/scaling.hpp"

#include <cmath>
#include <string>

#include "crossilo/base/check.hpp"
#include "crossilo/round/statistics_sum.hpp"

namespace crossilo {
namespace {

constexpr double kResolution = 0x1p-16;
constexpr double kSumBound = 0x1p31;

std::vector<StatisticSpec> column_specs(const std::vector<std::string>& features, const char* what, bool with_counts) {
  std::vector<StatisticSpec> specs;
  for (const std::string& feature : features)
    specs.push_back(
        {.name = std::string(what) + " of column " + feature, .resolution = kResolution, .bound = kSumBound});
  if (with_counts)
    for (const std::string& feature : features)
      specs.push_back({.name = "values of column " + feature, .resolution = 1.0, .bound = kSumBound});
  return specs;
}

}  // namespace

Scaling federated_scaling(SumSession& session, std::span<Silo* const> silos, std::span<Dataset* const> datasets) {
  CROSSILO_ASSERT(silos.size() == datasets.size());
  const std::vector<std::string>& features = datasets.front()->schema().feature_names;
  const std::size_t columns = features.size();

  const StatisticsTotal sums = sum_statistics(
      session, silos, {.kind = SumKind::scaling_mean}, column_specs(features, "sum", true),
      [&](std::size_t i, std::span<double> out) { datasets[i]->column_sums(out.first(columns), out.last(columns)); });
  const std::span<const double> counts = sums.own().last(columns);
  Scaling scaling{.mean = std::vector<double>(columns), .standard_deviation = std::vector<double>(columns, 1.0)};
  for (std::size_t c = 0; c < columns; ++c)
    if (counts[c] > 0.0) scaling.mean[c] = sums.own()[c] / counts[c];

  const StatisticsTotal squares = sum_statistics(
      session, silos, {.kind = SumKind::scaling_variance}, column_specs(features, "centred squares", false),
      [&](std::size_t i, std::span<double> out) { datasets[i]->column_centred_squares(scaling.mean, out); });
  for (std::size_t c = 0; c < columns; ++c) {
    const double variance = counts[c] > 0.0 ? squares.own()[c] / counts[c] : 0.0;
    if (variance > 0.0) scaling.standard_deviation[c] = std::sqrt(variance);
  }
  return scaling;
}

}  // namespace crossilo
