// Aim: the names in a silo file that its reader and its writer share.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

static_assert(std::endian::native == std::endian::little, "silo files are little-endian, and so is this program");

inline constexpr std::int64_t kSiloSchemaVersion = 1;
/// The data sets, in the order in which their bytes enter the digest.
inline constexpr std::array<const char*, 4> kSiloDatasets = {"train/x", "train/y", "test/x", "test/y"};

/// What one row can have: columns of a table, values of an image or the like.
inline constexpr std::size_t kColumnsMax = std::size_t{1} << 20;
inline constexpr std::size_t kSampleValuesMax = std::size_t{1} << 22;

/// p0, p1, …: the names of features that have none of their own (pixels).
[[nodiscard]] std::string generated_feature_name(std::size_t index);
[[nodiscard]] std::optional<Task> parse_task(std::string_view text);
/// The product of the sample shape.
[[nodiscard]] std::size_t features_per_sample(const SiloSchema& schema);
/// True when every feature of an image or the like has its generated name.
[[nodiscard]] bool has_generated_names(const SiloSchema& schema);
/// Why no sample can have this shape; empty when one can. To be asked before anything is allocated for it.
[[nodiscard]] std::string sample_fault(const SiloSchema& schema);
/// Why a schema cannot be that of a silo file ("feature_names has 3 names, train/x has 4 columns"); empty when it can.
[[nodiscard]] std::string schema_fault(const SiloSchema& schema);

/// What stands above a file's column in a table: its name without folder and ending, or its path where names repeat.
[[nodiscard]] std::vector<std::string> file_titles(const std::vector<std::string>& paths);

/// Why rows cannot stand in a silo file ("x, row 3, column age: is infinite"); empty when they can.
[[nodiscard]] std::string rows_fault(const SiloSchema& schema, const RowSet& set);

}  // namespace crossilo
