// Aim: images and labels in IDX files, as MNIST and its kin come, plain or packed by gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

/// Unsigned bytes with a shape.
struct IdxArray {
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> values;
};

/// Reads an IDX file of unsigned bytes with so many dimensions. Nothing is allocated that the file cannot hold.
/// Throws: DataError with path, offset (in the unpacked file), found and expected.
[[nodiscard]] IdxArray read_idx(const std::string& path, std::size_t dimensions);

struct IdxRecipe {
  std::string images;
  std::string labels;
  std::string test_images;  // empty, with test_labels: rows to test on are set apart by `split`
  std::string test_labels;
  std::vector<std::string> class_names;
  SplitOptions split;
  std::string origin;
};

/// One silo's data: sample shape {height, width}, features "pixel_ROW_COLUMN", values byte / 255.
/// Throws: DataError, ConfigError.
[[nodiscard]] SiloData import_idx(const IdxRecipe& recipe);

}  // namespace crossilo
