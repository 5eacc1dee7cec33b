// Aim: any bytes, plain or gzip, make images or labels, or an Error. Method: libFuzzer; both files from one input.
#include "crossilo/data/idx.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  if (bytes < 1) return 0;
  const std::size_t cut = std::min<std::size_t>(data[0], bytes - 1);  // the first byte: how long the labels are
  const MemoryFile labels(text_of(data + 1, cut));
  const MemoryFile images(text_of(data + 1 + cut, bytes - 1 - cut));
  return fuzz([&] {
    static_cast<void>(import_idx({.train = {.images = images.path(), .labels = labels.path()},
                                  .class_names = {"a", "b", "c"},
                                  .split = {},
                                  .origin = "fuzz"}));
  });
}
