// Aim: any bytes make a configuration or a ConfigError. Method: libFuzzer; a configuration read is written and read
// again.
#include "crossilo/io/config.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  return fuzz([&] {
    const Config config = parse_config(text_of(data, bytes), "fuzz.ini");
    if (shared_hash(parse_config(config_text(config), "again.ini")) != shared_hash(config)) std::abort();
  });
}
