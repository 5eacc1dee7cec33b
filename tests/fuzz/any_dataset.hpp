// Aim: sound HDF5 files with whatever inside, for the parsers above HDF5. HDF5 itself is not what is fuzzed: its
// version 1.10 reads freed memory on many a damaged file, and no byte of ours could change that.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <string>
#include <vector>

#include "crossilo/foreign/hdf5.hpp"

namespace crossilo {

/// Writes a data set of any type, shape and bytes, on most inputs of the wanted type; gives back the bytes.
inline std::vector<std::byte> write_any_dataset(FuzzedDataProvider& input, Hdf5File& file, const std::string& object,
                                                Hdf5Type wanted, std::vector<std::size_t> shape) {
  if (input.ConsumeIntegralInRange(0, 3) == 0) {
    wanted = static_cast<Hdf5Type>(input.ConsumeIntegralInRange(0, static_cast<int>(Hdf5Type::uint64)));
    shape.resize(input.ConsumeIntegralInRange<std::size_t>(1, 3));
    for (std::size_t& extent : shape) extent = input.ConsumeIntegralInRange<std::size_t>(0, 4);
  }
  std::size_t bytes = size_of(wanted);
  for (const std::size_t extent : shape) bytes *= extent;
  std::vector<std::byte> stored = input.ConsumeBytes<std::byte>(bytes);
  stored.resize(bytes);
  file.write({.object = object, .type = wanted, .shape = shape}, stored);
  return stored;
}

/// Any text without NUL bytes.
inline std::string any_text(FuzzedDataProvider& input) { return input.ConsumeRandomLengthString(64).c_str(); }

}  // namespace crossilo
