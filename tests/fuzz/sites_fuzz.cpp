// Aim: any bytes are sites or a ConfigError, as a setting and as a file; what a setting says stays the same when
// written. Method: libFuzzer; sites that were read are written and read again.
#include "crossilo/comm/site_list.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  fuzz([&] { (void)parse_sites_file(text_of(data, bytes), "fuzz.txt"); });
  return fuzz([&] {
    const std::string once = text_of(parse_sites(text_of(data, bytes)));
    if (text_of(parse_sites(once)) != once) std::abort();
  });
}
