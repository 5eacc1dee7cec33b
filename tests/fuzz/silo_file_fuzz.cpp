// Aim: any bytes make a silo's data, or an Error. Method: libFuzzer over the bytes of an HDF5 file.
#include "crossilo/data/silo_file.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  const MemoryFile file(text_of(data, bytes));
  return fuzz([&] { static_cast<void>(read_silo_file(file.path())); });
}
