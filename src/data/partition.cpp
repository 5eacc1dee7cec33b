#include "crossilo/data/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/data/seeded_stream.hpp"

namespace crossilo {
namespace {

constexpr std::uint64_t kDraws = 1000;

using Rows = std::vector<std::size_t>;

struct Stratum {
  Rows train;
  Rows test;
};

/// Rows that are divided by the same shares: those of one class, or all.
std::map<std::size_t, Stratum> strata_of(std::span<const std::size_t> train_classes,
                                         std::span<const std::size_t> test_classes, PartitionRule rule) {
  const auto stratum = [&](std::size_t row_class) { return rule == PartitionRule::dirichlet ? row_class : 0; };
  std::map<std::size_t, Stratum> strata;
  for (std::size_t row = 0; row < train_classes.size(); ++row) strata[stratum(train_classes[row])].train.push_back(row);
  for (std::size_t row = 0; row < test_classes.size(); ++row) strata[stratum(test_classes[row])].test.push_back(row);
  return strata;
}

void shuffle(Rows& rows, SeededStream& stream) {
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[stream.below(i)]);
}

/// Rows of each silo, by Pólya's urn.
Rows urn_counts(std::size_t rows, const PartitionOptions& options, SeededStream& stream) {
  Rows placed;
  Rows counts(options.silos, 0);
  const double fresh = options.alpha * static_cast<double>(options.silos);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool drawn_evenly = stream.uniform() * (fresh + static_cast<double>(i)) < fresh;
    placed.push_back(drawn_evenly ? stream.below(options.silos) : placed[stream.below(i)]);
    ++counts[placed.back()];
  }
  return counts;
}

/// Rows of each silo when they are alike; the first silos take what is over.
Rows even_counts(std::size_t rows, std::size_t silos) {
  Rows counts(silos, rows / silos);
  for (std::size_t i = 0; i < rows % silos; ++i) ++counts[i];
  return counts;
}

/// Gives rows to silos in the proportions of `counts`, cut at the nearest whole row.
void deal(const Rows& rows, const Rows& counts, std::vector<std::size_t>& silo_of) {
  const std::size_t total = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  std::size_t seen = 0, from = 0;
  for (std::size_t silo = 0; silo < counts.size(); ++silo) {
    seen += counts[silo];
    const std::size_t to = (2 * seen * rows.size() + total) / (2 * total);
    for (; from < to; ++from) silo_of[rows[from]] = silo;
  }
}

Partition draw(std::map<std::size_t, Stratum> strata, std::size_t train_rows, std::size_t test_rows,
               const PartitionOptions& options, SeededStream stream) {
  Partition partition{Rows(train_rows), Rows(test_rows)};
  for (auto& [_, stratum] : strata) {
    // Which rows a silo gets follows chance too, not their order in the file.
    shuffle(stratum.train, stream);
    shuffle(stratum.test, stream);
    const std::size_t rows = stratum.train.empty() ? stratum.test.size() : stratum.train.size();
    const Rows counts =
        options.rule == PartitionRule::iid ? even_counts(rows, options.silos) : urn_counts(rows, options, stream);
    deal(stratum.train, counts, partition.train);
    deal(stratum.test, counts, partition.test);
  }
  return partition;
}

std::size_t smallest_silo(const Rows& silo_of, std::size_t silos) {
  Rows counts(silos, 0);
  for (const std::size_t silo : silo_of) ++counts[silo];
  return *std::min_element(counts.begin(), counts.end());
}

void append(const RowSet& from, std::size_t row, std::size_t features, RowSet& to) {
  const auto begin = from.x.begin() + static_cast<std::ptrdiff_t>(row * features);
  to.x.insert(to.x.end(), begin, begin + static_cast<std::ptrdiff_t>(features));
  to.y.push_back(from.y[row]);
  ++to.rows;
}

}  // namespace

Partition partition_rows(std::span<const std::size_t> train_classes, std::span<const std::size_t> test_classes,
                         const PartitionOptions& options) {
  CROSSILO_ASSERT(options.silos > 0 && options.alpha > 0.0);
  if (train_classes.size() / options.silos < options.rows_min)
    throw ConfigError(fmt::format("{} rows to train on cannot give {} silos {} rows each", train_classes.size(),
                                  options.silos, options.rows_min));
  const auto strata = strata_of(train_classes, test_classes, options.rule);
  for (std::uint64_t attempt = 0; attempt < kDraws; ++attempt) {
    Partition partition =
        draw(strata, train_classes.size(), test_classes.size(), options, SeededStream(options.seed, attempt));
    if (smallest_silo(partition.train, options.silos) >= options.rows_min) return partition;
  }
  throw ConfigError(
      fmt::format("alpha = {}: none of {} draws gave each of {} silos {} rows to train on; take a larger alpha, fewer "
                  "silos or a smaller rows_min",
                  options.alpha, kDraws, options.silos, options.rows_min));
}

std::vector<SiloData> divide(const SiloData& data, const Partition& partition, std::size_t silos) {
  std::vector<SiloData> parts(silos);
  for (SiloData& part : parts) {
    part.schema = data.schema;
    part.origin = data.origin;
  }
  const std::size_t features = data.schema.feature_names.size();
  for (std::size_t row = 0; row < data.train.rows; ++row)
    append(data.train, row, features, parts.at(partition.train[row]).train);
  for (std::size_t row = 0; row < data.test.rows; ++row)
    append(data.test, row, features, parts.at(partition.test[row]).test);
  return parts;
}

SiloData pooled(std::vector<SiloData> silos) {
  CROSSILO_ASSERT(!silos.empty());
  SiloData all = std::move(silos.front());
  for (std::size_t i = 1; i < silos.size(); ++i) {
    if (const std::string difference = schema_difference(silos[i].schema, all.schema); !difference.empty())
      throw DataError(fmt::format("file {} cannot be joined to the ones before: {}", i + 1, difference));
    for (const auto& [from, to] : {std::pair{&silos[i].train, &all.train}, std::pair{&silos[i].test, &all.test}}) {
      to->x.insert(to->x.end(), from->x.begin(), from->x.end());
      to->y.insert(to->y.end(), from->y.begin(), from->y.end());
      to->rows += from->rows;
    }
  }
  return all;
}

std::vector<std::size_t> classes_of(const SiloSchema& schema, const RowSet& set) {
  std::vector<std::size_t> classes(set.rows, 0);
  if (schema.task != Task::regression)
    std::transform(set.y.begin(), set.y.end(), classes.begin(), [](float y) { return static_cast<std::size_t>(y); });
  return classes;
}

void set_test_rows_apart(SiloData& data, const SplitOptions& split) {
  std::vector<std::uint64_t> each_alone(data.train.rows);
  std::iota(each_alone.begin(), each_alone.end(), 0);
  const std::vector<bool> is_test = split_rows(classes_of(data.schema, data.train), each_alone, split);
  auto parts = divide(data, {Rows(is_test.begin(), is_test.end()), Rows(data.test.rows, 1)}, 2);
  data.train = std::move(parts[0].train);
  data.test = std::move(parts[1].train);
}

}  // namespace crossilo
