// Aim: any bytes make a state to go on from, or an Error. Method: libFuzzer; the bytes as they are, and a sealed HDF5
// file whose data sets and attributes they choose.
#include "any_dataset.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/checkpoint.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  fuzz([&] { static_cast<void>(Checkpoint(std::as_bytes(std::span(data, bytes)), "fuzz")); });

  FuzzedDataProvider input(data, bytes);
  Hdf5File file = Hdf5File::create_image("fuzz");
  for (const char* name : {"schema_version", "round", "best_round", "has_best", "lane_bits", "server_vectors"})
    file.write_integer("/", name, input.ConsumeBool() ? 1 : input.ConsumeIntegral<std::int64_t>());
  file.write_number("/", "lane_bound", input.ConsumeFloatingPoint<double>());
  for (const char* name : {"chain", "scaling", "settings", "schema", "model_schema"})
    file.write_text("/", name, input.ConsumeIntegralInRange(0, 7) > 0 ? std::string(64, 'a') : any_text(input));
  if (input.ConsumeBool()) file.write_text("/", "pending_metrics", any_text(input));
  for (const char* name : {"model/parameters", "best/parameters", "server/0", "server/1"})
    write_any_dataset(input, file, name, Hdf5Type::float32, {2});
  write_any_dataset(input, file, "judged", Hdf5Type::float64, {7});
  for (const char* name : {"best/held_back", "best/test"})
    write_any_dataset(input, file, name, Hdf5Type::float64, {3 + 2 * kScoreBinsMax});

  std::vector<std::byte> sealed = file.take_image(512);
  const std::span<const std::byte> rest = std::span(sealed).subspan(512);
  const std::string block =
      fmt::format("crossilo checkpoint 2\nsha256 {}\nbytes {}\n", to_hex(sha256(rest)), rest.size());
  std::ranges::copy(std::as_bytes(std::span(block)), sealed.begin());
  return fuzz([&] { static_cast<void>(Checkpoint(sealed, "fuzz")); });
}
