#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;  // what HDF5 keeps of a data set in its cache

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw StorageError(path + ": " + what + ": " + std::strerror(errno));
}

/// Makes what was written to a file or folder survive a power cut.
void sync(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "cannot be opened");
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  // Some file systems know no fsync of a folder; there the rename is as durable as it gets.
  if (result != 0 && errno != EINVAL) fail(path, "cannot be written to disk");
}

/// A file under a temporary name, removed unless it was given its final one.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& final_path)
      : final_path_(final_path), path_(final_path + ".writing-" + std::to_string(::getpid())) {
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!kept_) ::unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  void keep() {
    sync(path_);
    if (::rename(path_.c_str(), final_path_.c_str()) != 0) fail(final_path_, "cannot be replaced");
    kept_ = true;
    const auto folder = std::filesystem::path(final_path_).parent_path();
    sync(folder.empty() ? "." : folder.string());
  }

 private:
  std::string final_path_;
  std::string path_;
  bool kept_ = false;
};

void check(const std::string& path, const SiloData& data) {
  std::string fault = schema_fault(data.schema);
  if (fault.empty() && !is_utf8(data.origin)) fault = "origin: \"" + shown(data.origin) + "\" is not UTF-8";
  if (fault.empty() && data.train.rows == 0) fault = "there are no rows to train on";
  for (const auto& [name, set] : {std::pair{"train/", &data.train}, std::pair{"test/", &data.test}}) {
    if (!fault.empty()) break;
    if (set->x.size() != set->rows * features_per_sample(data.schema) || set->y.size() != set->rows)
      fault = std::string(name) + "x and y do not have the stated number of rows";
    else if (const std::string found = rows_fault(data.schema, *set); !found.empty())
      fault = name + found;
  }
  if (!fault.empty()) throw StorageError(path + ": not written: " + fault);
}

void write_dataset(Hdf5File& file, const std::string& object, Hdf5Type type, const std::vector<std::size_t>& shape,
                   std::span<const std::byte> bytes, Sha256& digest) {
  std::size_t row_bytes = size_of(type);
  for (std::size_t i = 1; i < shape.size(); ++i) row_bytes *= shape[i];
  const std::size_t chunk_rows = std::min(shape.front(), std::max<std::size_t>(1, kChunkBytes / row_bytes));
  file.write({.object = object, .type = type, .shape = shape, .chunk_rows = chunk_rows}, bytes);
  digest.update(bytes);
}

void write_rows(Hdf5File& file, const std::string& group, const SiloSchema& schema, const RowSet& set, Sha256& digest) {
  std::vector<std::size_t> shape{set.rows};
  shape.insert(shape.end(), schema.sample_shape.begin(), schema.sample_shape.end());
  write_dataset(file, group + "/x", Hdf5Type::float32, shape, std::as_bytes(std::span(set.x)), digest);
  if (schema.task == Task::regression) {
    write_dataset(file, group + "/y", Hdf5Type::float32, {set.rows}, std::as_bytes(std::span(set.y)), digest);
    return;
  }
  std::vector<std::int32_t> classes(set.y.size());
  std::transform(set.y.begin(), set.y.end(), classes.begin(), [](float y) { return static_cast<std::int32_t>(y); });
  write_dataset(file, group + "/y", Hdf5Type::int32, {set.rows}, std::as_bytes(std::span(classes)), digest);
}

}  // namespace

void write_silo_file(const std::string& path, const SiloData& data) {
  check(path, data);
  TemporaryFile temporary(path);
  Hdf5File file = Hdf5File::create(temporary.path());
  Sha256 digest;
  write_rows(file, "train", data.schema, data.train, digest);
  write_rows(file, "test", data.schema, data.test, digest);
  file.write_integer("/", "schema_version", kSiloSchemaVersion);
  file.write_text("/", "task", to_string(data.schema.task));
  if (!has_generated_names(data.schema)) file.write_texts("/", "feature_names", data.schema.feature_names);
  if (!data.schema.class_names.empty()) file.write_texts("/", "class_names", data.schema.class_names);
  file.write_text("/", "origin", data.origin);
  file.write_text("/", "sha256", to_hex(digest.finish()));
  file.close();
  temporary.keep();
}

}  // namespace crossilo
