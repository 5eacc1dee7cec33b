// Aim: images with their classes in IDX files, the format of MNIST and its kin, plain or gzip, as a silo's data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/data/silo_file.hpp"
#include "crossilo/data/split.hpp"

namespace crossilo {

/// An IDX file of unsigned bytes.
struct IdxArray {
  std::string path;                // for messages
  std::vector<std::size_t> shape;  // images, height, width; or labels alone
  std::vector<std::uint8_t> values;
};

/// Reads a whole IDX file of unsigned bytes that has this many dimensions.
/// Throws: DataError with path, offset (after decompression), found and expected.
/// Source: the format as described with MNIST, Y. LeCun, C. Cortes, C. J. C. Burges.
[[nodiscard]] IdxArray read_idx(const std::string& path, std::size_t dimensions);

/// Two files that belong together.
struct IdxFiles {
  std::string images;
  std::string labels;
};

struct IdxImport {
  IdxFiles train;
  std::optional<IdxFiles> test;  // nothing: `split` sets test rows apart
  std::vector<std::string> class_names;
  SplitOptions split;
  std::string origin;
};

/// One silo's data: pixels from 0 to 1, a sample of height x width, features named p_ROW_COLUMN.
/// Throws: DataError with path, offset, found and expected.
[[nodiscard]] SiloData import_idx(const IdxImport& import);

}  // namespace crossilo
