#include "crossilo/data/idx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include "crossilo/base/error.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

/// A file that is plain or gzip, read from its begin to its end.
class IdxStream {
 public:
  explicit IdxStream(const std::string& path) : path_(path), file_(::gzopen(path.c_str(), "rb"), &::gzclose) {
    if (file_ == nullptr) throw DataError(path + ": cannot be read: " + std::strerror(errno));
  }

  /// The bytes read; fewer than wanted at the end of the file only.
  std::size_t read(std::span<std::uint8_t> bytes) {
    const int count = ::gzread(file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
    int code = 0;
    const char* text = ::gzerror(file_.get(), &code);
    // Where a gzip file ends too early, all that could be read is given back as if nothing were amiss.
    const bool is_cut = static_cast<std::size_t>(count) < bytes.size() && code == Z_BUF_ERROR;
    if (count < 0 || is_cut) {
      if (is_cut) offset_ += static_cast<std::size_t>(count), text = "the gzip file is cut off";
      throw DataError(fmt::format("{}: cannot be read after byte {}: {}", path_, offset_,
                                  code == Z_ERRNO ? std::strerror(errno) : text));
    }
    offset_ += static_cast<std::size_t>(count);
    return static_cast<std::size_t>(count);
  }

  [[noreturn]] void refuse(std::size_t offset, const std::string& what) const {
    throw DataError(fmt::format("{}: byte {}: {}", path_, offset, what));
  }

  std::uint32_t big_endian_word() {
    std::uint8_t bytes[4] = {};
    if (read(bytes) < 4) refuse(offset_, "the file ends here, within its header");
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
  }

  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  const std::string& path_;
  std::unique_ptr<gzFile_s, decltype(&::gzclose)> file_;
  std::size_t offset_ = 0;
};

std::string shape_text(std::span<const std::size_t> shape) { return fmt::format("{}", fmt::join(shape, " x ")); }

void read_magic(IdxStream& stream, std::size_t dimensions) {
  const std::uint32_t magic = stream.big_endian_word();
  if (magic >> 16 != 0)
    stream.refuse(0, fmt::format("0x{:04x} found, 0x0000 expected: this is no IDX file", magic >> 16));
  if (const std::uint32_t type = magic >> 8 & 0xff; type != kUnsignedByte)
    stream.refuse(
        2, fmt::format("values of type 0x{:02x} found, 0x{:02x} (unsigned bytes) expected", type, kUnsignedByte));
  if (const std::uint32_t found = magic & 0xff; found != dimensions)
    stream.refuse(3, fmt::format("{} dimensions found, {} expected (images have 3, labels 1)", found, dimensions));
}

/// Grows with what is read, so that a wrong size in a header costs no memory.
void read_values(IdxStream& stream, std::size_t count, std::vector<std::uint8_t>& values) {
  while (values.size() < count) {
    const std::size_t before = values.size();
    values.resize(before + std::min(kReadBytes, count - before));
    const std::size_t found = stream.read(std::span(values).subspan(before));
    if (before + found < values.size())
      stream.refuse(stream.offset(),
                    fmt::format("the file ends here: {} values found, {} expected", before + found, count));
  }
}

void require_labels(const IdxArray& labels, const IdxArray& images, std::size_t classes) {
  if (labels.shape.front() != images.shape.front())
    throw DataError(fmt::format("{}: byte 4: {} labels found, {} expected, the number of images in {}", labels.path,
                                labels.shape.front(), images.shape.front(), images.path));
  const auto& values = labels.values;
  const auto wrong = std::find_if(values.begin(), values.end(), [&](std::uint8_t label) { return label >= classes; });
  if (wrong != values.end())
    throw DataError(fmt::format("{}: byte {}: label {} found, a class from 0 to {} expected (--classes names {})",
                                labels.path, 8 + (wrong - values.begin()), *wrong, classes - 1, classes));
}

void append_row(const IdxArray& images, const IdxArray& labels, std::size_t row, RowSet& set) {
  const std::size_t features = images.values.size() / images.shape.front();
  const auto pixels = std::span(images.values).subspan(row * features, features);
  std::transform(pixels.begin(), pixels.end(), std::back_inserter(set.x),
                 [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0f; });
  set.y.push_back(static_cast<float>(labels.values[row]));
  ++set.rows;
}

SiloSchema schema_of(const IdxArray& images, const std::vector<std::string>& class_names) {
  SiloSchema schema;
  schema.class_names = class_names;
  schema.task = class_names.size() == 2 ? Task::binary : Task::multiclass;
  schema.sample_shape = {images.shape[1], images.shape[2]};
  const auto require = [&](const std::string& fault) {
    if (!fault.empty()) throw DataError(images.path + ": " + fault);
  };
  require(sample_fault(schema));
  for (std::size_t row = 0; row < images.shape[1]; ++row)
    for (std::size_t column = 0; column < images.shape[2]; ++column)
      schema.feature_names.push_back(fmt::format("p_{}_{}", row, column));
  require(schema_fault(schema));
  return schema;
}

std::vector<bool> rows_set_apart(const IdxArray& labels, const SplitOptions& options) {
  const std::vector<std::size_t> strata(labels.values.begin(), labels.values.end());
  std::vector<std::uint64_t> groups(strata.size());
  for (std::size_t row = 0; row < groups.size(); ++row) groups[row] = row;
  return split_rows(strata, groups, options);
}

}  // namespace

IdxArray read_idx(const std::string& path, std::size_t dimensions) {
  IdxStream stream(path);
  read_magic(stream, dimensions);
  IdxArray array{path, {}, {}};
  std::size_t count = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const std::size_t offset = stream.offset();
    const std::size_t extent = stream.big_endian_word();
    if (extent == 0) stream.refuse(offset, "a dimension of 0 found, 1 or more expected");
    if (count > std::numeric_limits<std::size_t>::max() / extent)
      stream.refuse(offset,
                    fmt::format("{} x {} found: more values than a file can hold", shape_text(array.shape), extent));
    count *= extent;
    array.shape.push_back(extent);
  }
  read_values(stream, count, array.values);
  std::uint8_t surplus = 0;
  const std::size_t end = stream.offset();
  if (stream.read({&surplus, 1}) > 0)  // at the end of a gzip file this also checks its checksum
    stream.refuse(end, fmt::format("more bytes found, the end of the file expected after {}", shape_text(array.shape)));
  return array;
}

SiloData import_idx(const IdxImport& import) {
  if (import.class_names.size() < 2)
    throw ConfigError(fmt::format("classes: {} named, 2 or more are wanted, in the order of the labels 0, 1, …",
                                  import.class_names.size()));
  if (!(import.split.test_fraction >= 0.0 && import.split.test_fraction < 1.0))
    throw ConfigError(
        fmt::format("test_fraction = {}: a number from 0 to below 1 is wanted", import.split.test_fraction));
  const IdxArray images = read_idx(import.train.images, 3);
  const IdxArray labels = read_idx(import.train.labels, 1);
  require_labels(labels, images, import.class_names.size());

  SiloData data;
  data.schema = schema_of(images, import.class_names);
  data.origin = import.origin;
  const std::vector<bool> is_test =
      import.test ? std::vector<bool>(labels.values.size()) : rows_set_apart(labels, import.split);
  for (std::size_t row = 0; row < is_test.size(); ++row)
    append_row(images, labels, row, is_test[row] ? data.test : data.train);
  if (!import.test) return data;

  const IdxArray test_images = read_idx(import.test->images, 3);
  const IdxArray test_labels = read_idx(import.test->labels, 1);
  require_labels(test_labels, test_images, import.class_names.size());
  const auto found = std::span(test_images.shape).subspan(1);
  const auto expected = std::span(images.shape).subspan(1);
  if (!std::equal(found.begin(), found.end(), expected.begin()))
    throw DataError(fmt::format("{}: byte 8: images of {} found, {} expected, as in {}", test_images.path,
                                shape_text(found), shape_text(expected), images.path));
  for (std::size_t row = 0; row < test_images.shape.front(); ++row)
    append_row(test_images, test_labels, row, data.test);
  return data;
}

}  // namespace crossilo
