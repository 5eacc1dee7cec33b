#include <fmt/format.h>

#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

/// A silo file that is open, with its schema checked and no rows read yet.
struct OpenSilo {
  Hdf5File file;
  SiloSchema schema;
  std::array<Hdf5Dataset, kSiloDatasets.size()> datasets;  // in the order of kSiloDatasets
};

[[noreturn]] void refuse(const Hdf5File& file, const std::string& text) { throw DataError(file.path() + ": " + text); }

template <class Value>
Value required(const Hdf5File& file, const char* name, const std::optional<Value>& found) {
  if (!found) refuse(file, std::string("the attribute ") + name + " is missing; see docs/silo-file.md");
  return *found;
}

Hdf5Dataset checked_x(const Hdf5File& file, const std::string& object) {
  const Hdf5Dataset found = file.dataset(object);
  if (found.type != Hdf5Type::float32 && found.type != Hdf5Type::uint8)
    refuse(file, object + ": float32 or uint8 (little-endian) is wanted, " + to_string(found.type) + " found");
  if (found.shape.size() < 2) refuse(file, object + ": has 1 dimension; 2 or more are wanted (rows x columns)");
  return found;
}

Hdf5Dataset checked_y(const Hdf5File& file, const std::string& object) {
  const Hdf5Dataset found = file.dataset(object);
  if (found.type == Hdf5Type::float64 || found.type == Hdf5Type::other)
    refuse(file, object + ": float32 or integers (little-endian) are wanted, " + to_string(found.type) + " found");
  if (found.shape.size() != 1)
    refuse(file, object + ": has " + std::to_string(found.shape.size()) + " dimensions; 1 is wanted (rows)");
  return found;
}

void check_rows(const OpenSilo& silo) {
  for (std::size_t i = 0; i < silo.datasets.size(); i += 2) {
    const std::size_t x_rows = silo.datasets[i].shape.front();
    const std::size_t y_rows = silo.datasets[i + 1].shape.front();
    if (x_rows != y_rows)
      refuse(silo.file, std::string(kSiloDatasets[i]) + " has " + std::to_string(x_rows) + " rows, " +
                            kSiloDatasets[i + 1] + " has " + std::to_string(y_rows));
  }
  if (silo.datasets[0].shape.front() == 0) refuse(silo.file, "train/x has no rows");
}

SiloSchema read_schema(const Hdf5File& file, const Hdf5Dataset& train_x) {
  SiloSchema schema;
  schema.sample_shape.assign(train_x.shape.begin() + 1, train_x.shape.end());
  if (const std::string fault = sample_fault(schema); !fault.empty()) refuse(file, "train/x: " + fault);
  const std::string task = required(file, "task", file.text("/", "task"));
  const auto known = parse_task(task);
  if (!known) refuse(file, "task is \"" + shown(task) + "\"; binary, multiclass or regression is wanted");
  schema.task = *known;
  schema.class_names = file.texts("/", "class_names").value_or(std::vector<std::string>{});
  auto names = file.texts("/", "feature_names");
  if (!names && schema.sample_shape.size() > 1) {
    names.emplace().reserve(features_per_sample(schema));
    for (std::size_t i = 0; i < features_per_sample(schema); ++i) names->push_back(generated_feature_name(i));
  }
  if (!names) refuse(file, "the attribute feature_names is missing; see docs/silo-file.md");
  schema.feature_names = std::move(*names);
  if (const std::string fault = schema_fault(schema); !fault.empty()) refuse(file, fault);
  return schema;
}

/// value = stored byte x scale, for an x of uint8; 1 otherwise.
double scale_of(const Hdf5File& file, const std::string& object, const Hdf5Dataset& dataset) {
  if (dataset.type != Hdf5Type::uint8 || dataset.shape.size() < 2) return 1.0;
  const auto scale = file.number(object, "scale");
  if (!scale) refuse(file, object + ": uint8 needs the attribute scale (value = byte x scale)");
  if (!(*scale > 0.0 && *scale < 1e30)) refuse(file, object + "@scale: a number above 0 is wanted");
  return *scale;
}

/// A model trained on values of one unit would be tested on another.
void check_units(const OpenSilo& silo) {
  const Hdf5Dataset& train_x = silo.datasets[0];
  const Hdf5Dataset& test_x = silo.datasets[2];
  const double train = scale_of(silo.file, "train/x", train_x);
  if (test_x.type != train_x.type)
    refuse(silo.file, fmt::format("test/x: {} found, {} is wanted, the type of train/x", to_string(test_x.type),
                                  to_string(train_x.type)));
  const double test = scale_of(silo.file, "test/x", test_x);
  if (test != train)
    refuse(silo.file, fmt::format("test/x@scale: {} found, {} is wanted, the scale of train/x", test, train));
}

OpenSilo open_silo(const std::string& path) {
  OpenSilo silo{Hdf5File::open(path), {}, {}};
  const Hdf5File& file = silo.file;
  const std::int64_t version = required(file, "schema_version", file.integer("/", "schema_version"));
  if (version != kSiloSchemaVersion)
    refuse(file, "schema_version is " + std::to_string(version) + ", this program reads version " +
                     std::to_string(kSiloSchemaVersion));
  for (std::size_t i = 0; i < silo.datasets.size(); ++i)
    silo.datasets[i] = i % 2 == 0 ? checked_x(file, kSiloDatasets[i]) : checked_y(file, kSiloDatasets[i]);
  check_rows(silo);
  silo.schema = read_schema(file, silo.datasets[0]);
  const auto& train = silo.datasets[0].shape;
  const auto& test = silo.datasets[2].shape;
  if (!std::equal(train.begin() + 1, train.end(), test.begin() + 1, test.end()))
    refuse(file, "test/x has samples of another shape than train/x");
  check_units(silo);
  return silo;
}

template <class Stored>
void convert(std::span<const std::byte> bytes, double scale, std::vector<float>& values) {
  const auto* const stored = reinterpret_cast<const Stored*>(bytes.data());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(static_cast<double>(stored[i]) * scale);
}

void convert(Hdf5Type type, std::span<const std::byte> bytes, double scale, std::vector<float>& values) {
  switch (type) {
    case Hdf5Type::int8:
      return convert<std::int8_t>(bytes, scale, values);
    case Hdf5Type::uint8:
      return convert<std::uint8_t>(bytes, scale, values);
    case Hdf5Type::int16:
      return convert<std::int16_t>(bytes, scale, values);
    case Hdf5Type::uint16:
      return convert<std::uint16_t>(bytes, scale, values);
    case Hdf5Type::int32:
      return convert<std::int32_t>(bytes, scale, values);
    case Hdf5Type::uint32:
      return convert<std::uint32_t>(bytes, scale, values);
    case Hdf5Type::int64:
      return convert<std::int64_t>(bytes, scale, values);
    case Hdf5Type::uint64:
      return convert<std::uint64_t>(bytes, scale, values);
    case Hdf5Type::float32:
    case Hdf5Type::float64:
    case Hdf5Type::other:
      throw InternalError("a type that checked_x and checked_y refuse was to be converted");
  }
}

/// One data set as float; its stored bytes enter the digest.
std::vector<float> read_values(const Hdf5File& file, const std::string& object, const Hdf5Dataset& dataset,
                               Sha256& digest) {
  std::vector<float> values(dataset.bytes / size_of(dataset.type));
  if (dataset.type == Hdf5Type::float32) {
    file.read(object, std::as_writable_bytes(std::span(values)));
    digest.update(std::as_bytes(std::span(values)));
    return values;
  }
  const double scale = scale_of(file, object, dataset);
  std::vector<std::byte> bytes(dataset.bytes);
  file.read(object, bytes);
  digest.update(bytes);
  convert(dataset.type, bytes, scale, values);
  return values;
}

RowSet read_rows(const OpenSilo& silo, std::size_t first_dataset, Sha256& digest) {
  RowSet set;
  set.rows = silo.datasets[first_dataset].shape.front();
  set.x = read_values(silo.file, kSiloDatasets[first_dataset], silo.datasets[first_dataset], digest);
  set.y = read_values(silo.file, kSiloDatasets[first_dataset + 1], silo.datasets[first_dataset + 1], digest);
  return set;
}

}  // namespace

SiloData read_silo_file(const std::string& path) {
  OpenSilo silo = open_silo(path);
  SiloData data;
  data.schema = std::move(silo.schema);
  data.origin = silo.file.text("/", "origin").value_or("");
  if (!is_utf8(data.origin)) refuse(silo.file, "origin: \"" + shown(data.origin) + "\" is not UTF-8");
  Sha256 digest;
  data.train = read_rows(silo, 0, digest);
  data.test = read_rows(silo, 2, digest);
  data.digest = digest.finish();
  const std::string expected = required(silo.file, "sha256", silo.file.text("/", "sha256"));
  if (to_hex(data.digest) != expected)
    refuse(silo.file, "the data has SHA-256 " + to_hex(data.digest) + ", the attribute sha256 says " + shown(expected) +
                          "; the file was changed or damaged, so write it anew");
  for (const auto& [name, set] : {std::pair{"train/", &data.train}, std::pair{"test/", &data.test}})
    if (const std::string fault = rows_fault(data.schema, *set); !fault.empty()) refuse(silo.file, name + fault);
  return data;
}

SiloFileSummary read_silo_summary(const std::string& path) {
  const OpenSilo silo = open_silo(path);
  return {silo.schema, silo.datasets[0].shape.front(), silo.datasets[2].shape.front()};
}

}  // namespace crossilo
