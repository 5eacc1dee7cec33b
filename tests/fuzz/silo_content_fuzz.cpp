// Aim: whatever stands in a sound HDF5 file is read as a silo's data, or refused with an Error. Method: libFuzzer
// chooses the types, shapes and bytes of the data sets and the attributes; the digest is right, so that the rows are
// looked at.
#include "any_dataset.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  FuzzedDataProvider input(data, bytes);
  Hdf5File file = Hdf5File::create_image("fuzz");
  Sha256 digest;
  for (const char* set : {"train", "test"}) {
    const auto rows = input.ConsumeIntegralInRange<std::size_t>(0, 3);
    const std::string x = std::string(set) + "/x";
    const Hdf5Type type = input.ConsumeBool() ? Hdf5Type::uint8 : Hdf5Type::float32;
    digest.update(write_any_dataset(input, file, x, type, {rows, 2}));
    if (type == Hdf5Type::uint8) file.write_number(x, "scale", input.ConsumeFloatingPoint<double>());
    digest.update(write_any_dataset(input, file, std::string(set) + "/y", Hdf5Type::int32, {rows}));
  }
  const std::string tasks[] = {"binary", "multiclass", "regression", any_text(input)};
  file.write_text("/", "task", input.PickValueInArray(tasks));
  for (const char* name : {"feature_names", "class_names"}) {
    std::vector<std::string> names(input.ConsumeIntegralInRange<std::size_t>(1, 3));
    for (std::string& one : names) one = any_text(input);
    if (input.ConsumeBool()) file.write_texts("/", name, names);
  }
  file.write_integer("/", "schema_version", input.ConsumeBool() ? input.ConsumeIntegral<std::int64_t>() : 1);
  file.write_text("/", "origin", any_text(input));
  file.write_text("/", "sha256", to_hex(digest.finish()));
  const std::vector<std::byte> image = file.take_image();
  const MemoryFile stored({reinterpret_cast<const char*>(image.data()), image.size()});
  return fuzz([&] { static_cast<void>(read_silo_file(stored.path())); });
}
