// Aim: which rows are set apart for testing: by seed, stratified by label, groups kept together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace crossilo {

struct SplitOptions {
  double test_fraction = 0.25;  // from 0 up to, but not including, 1
  std::uint64_t seed = 1;
};

/// One entry a row: true when the row is set apart for testing.
/// Rows of one group go the same way; of every stratum about `test_fraction` of the rows are set apart, and at least
/// one group stays. A group belongs to the stratum that most of its rows have (the lower one when equal).
/// Shapes: strata.size() == groups.size() == rows.
/// Deterministic: the same on every machine; groups are taken in the order of mix64(mix64(seed) ^ group).
[[nodiscard]] std::vector<bool> split_rows(std::span<const std::size_t> strata, std::span<const std::uint64_t> groups,
                                           const SplitOptions& options);

/// What rows are dealt out by where it need be none of their features: a number a row, infinity where it is missing.
struct RowKeys {
  std::vector<double> train;
  std::vector<double> test;
};

/// The finalizer of SplitMix64: a bijection of 64 bits in which every input bit moves about half of the output.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
[[nodiscard]] std::uint64_t mix64(std::uint64_t value);

/// FNV-1a, 64 bits. Source: RFC 9923.
[[nodiscard]] std::uint64_t hash64(std::string_view text);

}  // namespace crossilo
