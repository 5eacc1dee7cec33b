// Aim: one table divided among silos the way federated learning is studied: alike, skewed by label, skewed by size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

enum class PartitionRule : std::uint8_t {
  iid,        // every silo alike
  dirichlet,  // the shares of each class over the silos are drawn from Dirichlet(alpha)
  quantity,   // the sizes of the silos are drawn from Dirichlet(alpha), their classes alike
};

struct PartitionOptions {
  PartitionRule rule = PartitionRule::iid;
  std::size_t silos = 2;
  double alpha = 0.3;         // the smaller, the more uneven; without meaning for iid
  std::size_t rows_min = 10;  // fewer rows to train on has no silo
  std::uint64_t seed = 1;
};

/// The silo of every row, from 0 on.
struct Partition {
  std::vector<std::size_t> train;
  std::vector<std::size_t> test;
};

/// Divides rows to train on and rows to test on, by class, in the same proportions.
/// Shares are drawn with Pólya's urn, whose limits are Dirichlet shares: a row goes, with the odds K·alpha to the
/// number of rows placed before, to a silo drawn evenly, otherwise to the silo of one of those rows. When a silo is
/// left with fewer than `rows_min` rows to train on, everything is drawn anew, up to 1000 times. Shapes: one class a
/// row; a regression has class 0 throughout. Deterministic: the same on every machine. Throws: ConfigError when no draw
/// gives every silo its rows. Source: Blackwell, MacQueen, "Ferguson distributions via Pólya urn schemes", Annals of
/// Statistics 1 (1973).
[[nodiscard]] Partition partition_rows(std::span<const std::size_t> train_classes,
                                       std::span<const std::size_t> test_classes, const PartitionOptions& options);

/// The rows of one data set, divided by `partition` into `silos` ones of the same schema and origin.
[[nodiscard]] std::vector<SiloData> divide(const SiloData& data, const Partition& partition, std::size_t silos);

/// All rows of several silos in one, those of the first silo first. Throws: DataError when the schemas differ.
[[nodiscard]] SiloData pooled(std::vector<SiloData> silos);

/// Makes some of the rows to train on the rows to test on, of each class alike; earlier test rows are dropped.
void set_test_rows_apart(SiloData& data, const SplitOptions& split);

/// The class of every row; 0 throughout for a regression.
[[nodiscard]] std::vector<std::size_t> classes_of(const SiloSchema& schema, const RowSet& set);

}  // namespace crossilo
