#include "crossilo/data/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {
namespace {

using Shares = std::vector<std::vector<double>>;  // of each stratum, for each silo

/// Where the silos' parts of a stratum end; each rounded end moves a row at most, and no row is lost.
std::vector<std::size_t> ends_of_parts(std::size_t rows, const std::vector<double>& shares) {
  std::vector<std::size_t> ends;
  double share = 0.0;
  for (const double part : shares) {
    share += part;
    ends.push_back(std::min(rows, static_cast<std::size_t>(std::floor(static_cast<double>(rows) * share + 0.5))));
  }
  ends.back() = rows;
  return ends;
}

/// The rows of each stratum, in the order in which they are dealt out.
std::vector<std::vector<std::size_t>> rows_by_stratum(const RowSet& set, const SiloData& data,
                                                      const PartitionOptions& options) {
  const bool by_class = options.rule == PartitionRule::dirichlet;
  std::vector<std::vector<std::size_t>> strata(by_class ? data.schema.class_names.size() : 1);
  for (std::size_t row = 0; row < set.rows; ++row)
    strata[by_class ? static_cast<std::size_t>(set.y[row]) : 0].push_back(row);
  const auto order = [&](std::size_t row) { return mix64(mix64(options.seed) ^ row); };
  for (auto& rows : strata)
    std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return order(a) < order(b); });
  return strata;
}

std::vector<std::size_t> deal(const RowSet& set, const SiloData& data, const PartitionOptions& options,
                              const Shares& shares) {
  std::vector<std::size_t> silo_of(set.rows);
  const auto strata = rows_by_stratum(set, data, options);
  for (std::size_t stratum = 0; stratum < strata.size(); ++stratum) {
    const auto ends = ends_of_parts(strata[stratum].size(), shares[stratum]);
    std::size_t silo = 0;
    for (std::size_t i = 0; i < strata[stratum].size(); ++i) {
      while (i >= ends[silo]) ++silo;
      silo_of[strata[stratum][i]] = silo;
    }
  }
  return silo_of;
}

std::size_t fewest_rows(const std::vector<std::size_t>& silo_of, std::size_t silos) {
  std::vector<std::size_t> rows(silos);
  for (const std::size_t silo : silo_of) ++rows[silo];
  return *std::min_element(rows.begin(), rows.end());
}

/// The fewest rows to train on that any silo would get from these shares.
std::size_t fewest_rows(const std::vector<std::size_t>& rows_of_stratum, const Shares& shares) {
  std::vector<std::size_t> rows(shares.front().size());
  for (std::size_t stratum = 0; stratum < shares.size(); ++stratum) {
    const auto ends = ends_of_parts(rows_of_stratum[stratum], shares[stratum]);
    for (std::size_t silo = 0; silo < ends.size(); ++silo) rows[silo] += ends[silo] - (silo == 0 ? 0 : ends[silo - 1]);
  }
  return *std::min_element(rows.begin(), rows.end());
}

Shares draw_shares(const SiloData& data, const PartitionOptions& options) {
  if (options.rule == PartitionRule::iid)
    return {std::vector<double>(options.silos, 1.0 / static_cast<double>(options.silos))};
  std::vector<std::size_t> rows_of_stratum;
  for (const auto& rows : rows_by_stratum(data.train, data, options)) rows_of_stratum.push_back(rows.size());
  std::mt19937_64 generator(options.seed);
  for (std::size_t draw = 0; draw < kPartDrawsMax; ++draw) {
    Shares shares;
    for (std::size_t i = 0; i < rows_of_stratum.size(); ++i)
      shares.push_back(draw_dirichlet(options.silos, options.alpha, generator));
    if (fewest_rows(rows_of_stratum, shares) >= kPartTrainRowsMin) return shares;
  }
  throw DataError(
      fmt::format("alpha = {}: in {} draws some of {} silos always got fewer than {} of the {} rows to train on; take "
                  "a larger alpha "
                  "or fewer silos",
                  options.alpha, kPartDrawsMax, options.silos, kPartTrainRowsMin, data.train.rows));
}

/// A column's value of each row; missing ones, which no infinity can be mistaken for, come last.
std::vector<double> column_values(const RowSet& set, const SiloData& data, std::size_t column) {
  std::vector<double> values;
  for (std::size_t row = 0; row < set.rows; ++row) {
    const float value = set.x[row * data.schema.feature_names.size() + column];
    values.push_back(std::isnan(value) ? std::numeric_limits<double>::infinity() : static_cast<double>(value));
  }
  return values;
}

/// The largest value of each silo but the last. A silo is full with its share of the rows, or when the values that are
/// left are just enough for one a silo: as many values as silos are one silo each.
std::vector<double> largest_values(const std::vector<double>& values, const PartitionOptions& options) {
  std::map<double, std::size_t> rows_of_value;
  for (const double value : values) ++rows_of_value[value];
  if (rows_of_value.size() < options.silos)
    throw DataError(fmt::format("column {}: {} values found, at least {} expected, one for each silo", options.column,
                                rows_of_value.size(), options.silos));
  std::vector<double> largest;
  std::size_t rows_taken = 0;
  std::size_t values_left = rows_of_value.size();
  for (const auto& [value, rows] : rows_of_value) {
    rows_taken += rows;
    --values_left;
    const std::size_t silos_done = largest.size() + 1;
    if (silos_done == options.silos) break;
    if (values_left == options.silos - silos_done || rows_taken * options.silos >= values.size() * silos_done)
      largest.push_back(value);
  }
  return largest;
}

RowKeys column_keys(const SiloData& data, const PartitionOptions& options) {
  const auto& names = data.schema.feature_names;
  const auto found = std::find(names.begin(), names.end(), options.column);
  if (found == names.end())
    throw DataError(
        fmt::format("has no column {}; its {} columns: crossilo data describe --json", options.column, names.size()));
  const auto column = static_cast<std::size_t>(found - names.begin());
  return {column_values(data.train, data, column), column_values(data.test, data, column)};
}

Partition by_column(const SiloData& data, const PartitionOptions& options) {
  const RowKeys keys = options.keys ? *options.keys : column_keys(data, options);
  const std::vector<double> largest = largest_values(keys.train, options);
  const auto silos_of = [&](const std::vector<double>& of_rows) {
    std::vector<std::size_t> silos;
    for (const double value : of_rows)
      silos.push_back(
          static_cast<std::size_t>(std::lower_bound(largest.begin(), largest.end(), value) - largest.begin()));
    return silos;
  };
  return {silos_of(keys.train), silos_of(keys.test)};
}

void require_possible(const SiloData& data, const PartitionOptions& options) {
  if (options.silos < 2) throw ConfigError(fmt::format("silos = {}: 2 or more are wanted", options.silos));
  if (!(options.alpha > 0.0 && std::isfinite(options.alpha)))
    throw ConfigError(fmt::format("alpha = {}: a number above 0 is wanted", options.alpha));
  if (options.rule == PartitionRule::dirichlet && data.schema.task == Task::regression)
    throw ConfigError("by = dirichlet: goes by class, and a regression has none; take quantity, column or iid");
  if (data.train.rows / kPartTrainRowsMin < options.silos)
    throw DataError(fmt::format("{} rows to train on found, at least {} expected: {} for each of {} silos",
                                data.train.rows, kPartTrainRowsMin * options.silos, kPartTrainRowsMin, options.silos));
}

RowSet rows_of_silo(const RowSet& set, const std::vector<std::size_t>& silo_of, std::size_t silo) {
  RowSet part;
  const std::size_t features = set.rows == 0 ? 0 : set.x.size() / set.rows;
  for (std::size_t row = 0; row < set.rows; ++row) {
    if (silo_of[row] != silo) continue;
    const auto x = set.x.begin() + static_cast<std::ptrdiff_t>(row * features);
    part.x.insert(part.x.end(), x, x + static_cast<std::ptrdiff_t>(features));
    part.y.push_back(set.y[row]);
    ++part.rows;
  }
  return part;
}

}  // namespace

const char* to_string(PartitionRule rule) {
  switch (rule) {
    case PartitionRule::iid:
      return "iid";
    case PartitionRule::dirichlet:
      return "dirichlet";
    case PartitionRule::quantity:
      return "quantity";
    case PartitionRule::column:
      return "column";
  }
  CROSSILO_ASSERT(!"a rule has a name");
  return "";
}

Partition partition_rows(const SiloData& data, const PartitionOptions& options) {
  require_possible(data, options);
  if (options.rule != PartitionRule::column) {
    const Shares shares = draw_shares(data, options);
    return {deal(data.train, data, options, shares), deal(data.test, data, options, shares)};
  }
  Partition partition = by_column(data, options);
  if (const std::size_t fewest = fewest_rows(partition.train, options.silos); fewest < kPartTrainRowsMin)
    throw DataError(
        fmt::format("column {}: a silo would get {} rows to train on, at least {} expected; take fewer silos",
                    options.column, fewest, kPartTrainRowsMin));
  return partition;
}

SiloData part_of(const SiloData& data, const Partition& partition, std::size_t silo) {
  SiloData part;
  part.schema = data.schema;
  part.origin = data.origin;
  part.train = rows_of_silo(data.train, partition.train, silo);
  part.test = rows_of_silo(data.test, partition.test, silo);
  return part;
}

std::vector<std::string> part_names(std::size_t silos) {
  std::vector<std::string> names;
  for (std::size_t silo = 0; silo < silos; ++silo) names.push_back(fmt::format("silo{}", silo));
  return names;
}

}  // namespace crossilo
