#include "crossilo/round/scaling.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/round/statistics_sum.hpp"

namespace crossilo {
namespace {

// The first pass: sums of values and magnitudes, below 2^31 in steps of 2^-16.
constexpr double kResolution = 0x1p-16;
constexpr double kSumBound = 0x1p31;

void add_specs(std::vector<StatisticSpec>& specs, const std::vector<std::string>& features, const std::string& what,
               StatisticSpec spec) {
  for (const std::string& feature : features) {
    spec.name = what + " of column " + feature;
    specs.push_back(spec);
  }
}

/// The first pass, readable. Shapes: one entry a column.
struct FirstPass {
  std::vector<double> centre;      // the mean, off by no more than the silos' rounding
  std::vector<double> magnitudes;  // sum of |x|, rounded up: no silo's own sum exceeds it
  std::vector<double> counts;
  std::vector<double> class_rows;
  double held_back_rows = 0.0;
  double test_rows = 0.0;
};

/// Bound and resolution of one column's centred sums, from the public totals of the first pass alone.
/// With S the sum of magnitudes over all silos, |centre| <= S / count, so one silo's centred values sum to at most 2 S
/// in size and their squares to at most (2 S)^2: no column of whatever unit leaves its range. Both are divided into
/// 2^52 steps (fewer with more than 1024 silos, so that the total fits a word).
struct ColumnScale {
  double bound = 0.0;  // of the values; a power of two
  double steps = 0.0;
  ColumnScale(double magnitudes, std::size_t silos)
      : steps(std::min(0x1p52, 0x1p62 / static_cast<double>(std::bit_ceil(silos)))) {
    int exponent = 0;
    (void)std::frexp(2.0 * magnitudes, &exponent);
    bound = std::ldexp(1.0, exponent);
  }
  [[nodiscard]] double resolution() const { return bound / steps; }
  [[nodiscard]] double square_bound() const { return bound * bound; }
  [[nodiscard]] double square_resolution() const { return square_bound() / steps; }
};

std::vector<StatisticSpec> first_pass_specs(const Dataset& dataset) {
  const std::vector<std::string> columns = dataset.scaled_columns();
  std::vector<StatisticSpec> specs;
  add_specs(specs, columns, "sum", {.resolution = kResolution, .bound = kSumBound});
  add_specs(specs, columns, "sum of magnitudes", {.resolution = kResolution, .bound = kSumBound});
  add_specs(specs, columns, "values", {.resolution = 1.0, .bound = kSumBound});
  for (const std::string& name : dataset.schema().class_names)
    specs.push_back({.name = "rows of class " + name, .resolution = 1.0, .bound = kSumBound});
  for (const char* part : {"rows held back", "rows for testing"})
    specs.push_back({.name = part, .resolution = 1.0, .bound = kSumBound});
  return specs;
}

void write_first_pass(const Dataset& dataset, std::span<double> out) {
  const std::size_t columns = dataset.scaled_columns().size();
  dataset.column_sums({.values = out.first(columns),
                       .magnitudes = out.subspan(columns, columns),
                       .counts = out.subspan(2 * columns, columns)});
  std::ranges::copy(dataset.class_rows(), out.begin() + static_cast<std::ptrdiff_t>(3 * columns));
  out[out.size() - 2] = static_cast<double>(dataset.held_back().rows);
  out[out.size() - 1] = static_cast<double>(dataset.test().rows);
}

FirstPass first_pass(SumSession& session, std::span<Silo* const> silos, std::span<Dataset* const> datasets) {
  const std::size_t columns = datasets.front()->scaled_columns().size();
  const StatisticsTotal sums =
      sum_statistics(session, silos, {.kind = SumKind::scaling_mean}, first_pass_specs(*datasets.front()),
                     [&](std::size_t i, std::span<double> out) { write_first_pass(*datasets[i], out); });
  const std::span<const double> own = sums.own();
  const std::span<const double> classes = own.subspan(3 * columns, own.size() - 3 * columns - 2);
  FirstPass result{.centre = std::vector<double>(columns),
                   .magnitudes = {},
                   .counts = {},
                   .class_rows = {classes.begin(), classes.end()},
                   .held_back_rows = own[own.size() - 2],
                   .test_rows = own[own.size() - 1]};
  const double rounding = kResolution * static_cast<double>(session.roster().cohort.size());
  for (std::size_t c = 0; c < columns; ++c) {
    result.magnitudes.push_back(own[columns + c] + rounding);
    result.counts.push_back(own[2 * columns + c]);
    if (result.counts[c] > 0.0) result.centre[c] = own[c] / result.counts[c];
  }
  return result;
}

/// What rounding alone can leave of the variance of equal values: the silos' sums are each off by half a step, and a
/// double's sum of n terms by n 2^-53 of itself.
double variance_noise(const ColumnScale& scale, double shift, double count, std::size_t silos) {
  const double rounded = static_cast<double>(silos) / count;
  return rounded * (scale.square_resolution() + 2.0 * std::abs(shift) * scale.resolution()) +
         count * 0x1p-50 * shift * shift;
}

}  // namespace

FederatedRows federated_scaling(SumSession& session, std::span<Silo* const> silos, std::span<Dataset* const> datasets) {
  CROSSILO_ASSERT(silos.size() == datasets.size());
  const std::vector<std::string> features = datasets.front()->scaled_columns();
  const std::size_t columns = features.size();
  const std::size_t cohort_size = session.roster().cohort.size();
  const FirstPass first = first_pass(session, silos, datasets);

  std::vector<ColumnScale> scales;
  std::vector<StatisticSpec> specs;
  for (const double magnitudes : first.magnitudes) scales.emplace_back(magnitudes, cohort_size);
  for (std::size_t c = 0; c < columns; ++c)
    specs.push_back({.name = "centred sum of column " + features[c],
                     .resolution = scales[c].resolution(),
                     .bound = scales[c].bound});
  for (std::size_t c = 0; c < columns; ++c)
    specs.push_back({.name = "centred squares of column " + features[c],
                     .resolution = scales[c].square_resolution(),
                     .bound = scales[c].square_bound()});
  const StatisticsTotal centred = sum_statistics(
      session, silos, {.kind = SumKind::scaling_variance}, std::move(specs), [&](std::size_t i, std::span<double> out) {
        datasets[i]->centred_sums(first.centre, {.values = out.first(columns), .squares = out.last(columns)});
      });

  Scaling scaling{.mean = first.centre, .standard_deviation = std::vector<double>(columns, 1.0)};
  for (std::size_t c = 0; c < columns; ++c) {
    const double count = first.counts[c];
    if (count == 0.0) continue;
    const double shift = centred.own()[c] / count;  // what the first pass's coarse steps missed of the mean
    const double variance = centred.own()[columns + c] / count - shift * shift;
    scaling.mean[c] += shift;
    if (variance > variance_noise(scales[c], shift, count, cohort_size))
      scaling.standard_deviation[c] = std::sqrt(variance);
  }
  if (columns > datasets.front()->features()) {
    scaling.target_mean = scaling.mean.back();
    scaling.target_standard_deviation = scaling.standard_deviation.back();
    scaling.mean.pop_back();
    scaling.standard_deviation.pop_back();
  }
  scaling.class_rows = first.class_rows;
  return {.scaling = std::move(scaling),
          .held_back_rows = first.held_back_rows,
          .test_rows = first.test_rows,
          .cohort = session.roster().cohort};
}

}  // namespace crossilo
