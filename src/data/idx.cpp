#include "crossilo/data/idx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/data/partition.hpp"
#include "crossilo/foreign/zlib.hpp"

namespace crossilo {
namespace {

constexpr std::uint8_t kUnsignedBytes = 0x08;

[[noreturn]] void refuse(const std::string& path, std::size_t offset, const std::string& what) {
  throw DataError(fmt::format("{}: offset {}: {}", path, offset, what));
}

const char* type_name(std::uint8_t type) {
  switch (type) {
    case kUnsignedBytes:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0b:
      return "16-bit integers";
    case 0x0c:
      return "32-bit integers";
    case 0x0d:
      return "float";
    case 0x0e:
      return "double";
    default:
      return "no type of IDX";
  }
}

void check_magic(const std::string& path, std::span<const std::uint8_t, 4> magic, std::size_t dimensions) {
  if (magic[0] != 0 || magic[1] != 0)
    refuse(path, 0, fmt::format("{:02x} {:02x} found, 00 00 expected: this is no IDX file", magic[0], magic[1]));
  if (magic[2] != kUnsignedBytes)
    refuse(path, 2, fmt::format("type {:02x} ({}) found, 08 (unsigned bytes) expected", magic[2], type_name(magic[2])));
  if (magic[3] != dimensions)
    refuse(path, 3,
           fmt::format("{} dimensions found, {} expected ({})", magic[3], dimensions,
                       dimensions == 1 ? "labels" : "images x height x width"));
}

/// Reads exactly so many bytes.
class IdxStream {
 public:
  explicit IdxStream(const std::string& path) : path_(path), file_(path) {}

  void read(std::span<std::uint8_t> out, const std::string& what) {
    const std::size_t got = file_.read(std::as_writable_bytes(out));
    if (got < out.size())
      refuse(path_, offset_ + got, fmt::format("the file ends; {} bytes expected for {}", out.size(), what));
    offset_ += got;
  }
  std::size_t size() {
    std::array<std::uint8_t, 4> bytes{};
    read(bytes, "a size");
    return std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 | bytes[3];
  }
  void require_end() {
    std::array<std::byte, 1> surplus{};
    if (file_.read(surplus) != 0) refuse(path_, offset_, "more bytes found, the end of the file expected");
  }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::size_t bytes_max() const { return file_.bytes_max(); }

 private:
  const std::string& path_;
  GzipFile file_;
  std::size_t offset_ = 0;
};

RowSet read_rows(const std::string& images_path, const std::string& labels_path,
                 const std::vector<std::string>& class_names, std::vector<std::size_t>& sample_shape) {
  const IdxArray images = read_idx(images_path, 3);
  const IdxArray labels = read_idx(labels_path, 1);
  if (labels.shape[0] != images.shape[0])
    refuse(labels_path, 4,
           fmt::format("{} labels found, {} expected, as many as images in {}", labels.shape[0], images.shape[0],
                       images_path));
  const std::vector<std::size_t> shape = {images.shape[1], images.shape[2]};
  if (sample_shape.empty()) sample_shape = shape;
  if (shape != sample_shape)
    refuse(images_path, 8,
           fmt::format("images of {} found, {} expected, as those to train on", fmt::join(shape, " x "),
                       fmt::join(sample_shape, " x ")));
  RowSet set;
  set.rows = images.shape[0];
  set.x.reserve(images.values.size());
  for (const std::uint8_t byte : images.values) set.x.push_back(static_cast<float>(byte) / 255.0f);
  for (std::size_t row = 0; row < set.rows; ++row) {
    if (labels.values[row] >= class_names.size())
      refuse(labels_path, 8 + row,
             fmt::format("label {} found, 0 to {} expected", labels.values[row], class_names.size() - 1));
    set.y.push_back(static_cast<float>(labels.values[row]));
  }
  return set;
}

}  // namespace

IdxArray read_idx(const std::string& path, std::size_t dimensions) {
  IdxStream stream(path);
  std::array<std::uint8_t, 4> magic{};
  stream.read(magic, "the magic number");
  check_magic(path, magic, dimensions);
  IdxArray array;
  std::size_t bytes = 1;
  bool fits = true;
  for (std::size_t i = 0; i < dimensions; ++i) {
    array.shape.push_back(stream.size());
    if (array.shape.back() == 0) refuse(path, 4 + 4 * i, "a size of 0 found, 1 or more expected");
    fits = fits && !__builtin_mul_overflow(bytes, array.shape.back(), &bytes);
  }
  if (!fits || bytes > stream.bytes_max())
    refuse(path, 4, fmt::format("a shape of {} found, more than this file can hold", fmt::join(array.shape, " x ")));
  array.values.resize(bytes);
  stream.read(array.values, fmt::format("a shape of {}", fmt::join(array.shape, " x ")));
  stream.require_end();
  return array;
}

SiloData import_idx(const IdxRecipe& recipe) {
  if (recipe.test_images.empty() != recipe.test_labels.empty())
    throw ConfigError("images and labels to test on are given together, or neither");
  if (recipe.class_names.size() < 2)
    throw ConfigError(fmt::format("classes: 2 or more are wanted, {} found", recipe.class_names.size()));
  SiloData data;
  data.origin = recipe.origin;
  data.schema.class_names = recipe.class_names;
  data.schema.task = recipe.class_names.size() == 2 ? Task::binary : Task::multiclass;
  auto& shape = data.schema.sample_shape;
  data.train = read_rows(recipe.images, recipe.labels, recipe.class_names, shape);
  for (std::size_t row = 0; row < shape[0]; ++row)
    for (std::size_t column = 0; column < shape[1]; ++column)
      data.schema.feature_names.push_back(fmt::format("pixel_{}_{}", row, column));
  if (recipe.test_images.empty())
    set_test_rows_apart(data, recipe.split);
  else
    data.test = read_rows(recipe.test_images, recipe.test_labels, recipe.class_names, shape);
  return data;
}

}  // namespace crossilo
