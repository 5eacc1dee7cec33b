// Aim: any bytes make tensors, or an Error. Method: libFuzzer; the length of the header is set right on every other
// input.
#include "crossilo/io/safetensors.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  const MemoryFile file(text_of(data, bytes));
  fuzz([&] { static_cast<void>(read_safetensors(file.path())); });
  // The header ends where its JSON does: the input up to its last brace.
  const std::string_view text = text_of(data, bytes);
  const std::uint64_t header_bytes = text.substr(std::min<std::size_t>(8, bytes)).rfind('}') + 1;
  std::string whole(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes));
  const MemoryFile fitted(whole.append(text.substr(std::min<std::size_t>(8, bytes))));
  return fuzz([&] { static_cast<void>(read_safetensors(fitted.path())); });
}
