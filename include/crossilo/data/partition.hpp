// Aim: one silo's rows dealt out to several silos, alike or unlike on purpose, to study federated training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

/// iid: equal sizes, rows at random. dirichlet: the shares of each class are drawn. quantity: the sizes are drawn, rows
/// at random. column: the rows of one value go together, values in ascending order.
enum class PartitionRule : std::uint8_t { iid, dirichlet, quantity, column };

[[nodiscard]] const char* to_string(PartitionRule rule);

struct PartitionOptions {
  PartitionRule rule = PartitionRule::iid;
  std::size_t silos = 0;
  double alpha = 0.3;  // of dirichlet and quantity: the smaller, the more unlike
  std::string column;  // of column: a feature's name, or whatever `keys` are of
  std::uint64_t seed = 1;
  std::optional<RowKeys> keys{};  // of column, in place of a feature
};

/// The silo of each row.
struct Partition {
  std::vector<std::size_t> train;
  std::vector<std::size_t> test;
};

/// No silo gets fewer rows to train on; shares that would give fewer are drawn again, at most so often.
inline constexpr std::size_t kPartTrainRowsMin = 10;
inline constexpr std::size_t kPartDrawsMax = 1000;

/// Deals out every row of both sets; rows for testing go by the same shares as rows to train on.
/// Deterministic: shares come from a std::mt19937_64 of the seed, rows of a class (iid, quantity: all rows) are taken
/// in the order of mix64(mix64(seed) ^ row). The same on every machine whose log() rounds alike. Throws: DataError when
/// the rows do not suffice; ConfigError for options that no data fit. Source: the shares by class are those of Hsu, Qi,
/// Brown, arXiv:1909.06335, and Li et al., ICDE 2022 (with the smallest size of 10 rows).
[[nodiscard]] Partition partition_rows(const SiloData& data, const PartitionOptions& options);

/// The rows of one silo, in their order in `data`.
[[nodiscard]] SiloData part_of(const SiloData& data, const Partition& partition, std::size_t silo);

/// silo0, silo1, …, silo11: what silo{0..11} stands for in a configuration.
[[nodiscard]] std::vector<std::string> part_names(std::size_t silos);

/// Shares that add up to 1, from the symmetric Dirichlet distribution. Shapes: `parts` entries. Alpha is positive.
/// Deterministic: uses nothing but the generator's bits. Source: Marsaglia, Tsang, "A simple method for generating
/// gamma variables", ACM TOMS 26, 2000; the normal variable by the polar method of Marsaglia and Bray, 1964.
[[nodiscard]] std::vector<double> draw_dirichlet(std::size_t parts, double alpha, std::mt19937_64& generator);

}  // namespace crossilo
