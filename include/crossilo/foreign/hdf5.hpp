// Aim: the part of HDF5 that the project uses, as checked calls: an object that is not plainly inside the file, or is
// larger than the file can hold, is refused before anything is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/unique_handle.hpp"

namespace crossilo {

/// The library that this program runs with ("1.10.8").
[[nodiscard]] std::string hdf5_version();

/// True when there is a file that begins like one of HDF5.
[[nodiscard]] bool is_hdf5_file(const std::string& path);

/// How one element is stored. All but `other` are little-endian.
enum class Hdf5Type : std::uint8_t {
  float32,
  float64,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  other
};

[[nodiscard]] const char* to_string(Hdf5Type type);
/// Bytes of one element; 0 for `other`.
[[nodiscard]] std::size_t size_of(Hdf5Type type);

/// What a data set looks like, before its data is read.
struct Hdf5Dataset {
  Hdf5Type type = Hdf5Type::other;
  std::vector<std::size_t> shape;  // at least one dimension
  std::size_t bytes = 0;           // product of the shape x size of an element; 0 for `other`
};

/// A data set to be written.
struct Hdf5NewDataset {
  std::string object;  // "train/x"; groups on the way are made
  Hdf5Type type = Hdf5Type::float32;
  std::vector<std::size_t> shape;
  std::size_t chunk_rows = 0;  // rows in a chunk; 0: not chunked
};

/// One open file. Objects are named by path ("train/x"; "/" is the root). Not for use by two threads at a time.
/// Throws (every member): DataError when the file was opened, StorageError when it was created; the text names file,
/// object, and what HDF5 itself says.
class Hdf5File {
 public:
  /// Opens an existing file for reading. External links, external raw data and filter plugins stay off.
  [[nodiscard]] static Hdf5File open(const std::string& path);
  /// Creates a file that does not exist yet.
  [[nodiscard]] static Hdf5File create(const std::string& path);
  /// A file in memory, to be written and taken with take_image(). `name` is only for messages.
  [[nodiscard]] static Hdf5File create_image(const std::string& name);
  /// Opens a file that lies in memory, for reading; the bytes are copied.
  [[nodiscard]] static Hdf5File open_image(std::span<const std::byte> image, const std::string& name);
  /// The bytes of a file that create_image() made, which is closed; behind `leading_bytes` zeros, room for a
  /// user block. Deterministic.
  [[nodiscard]] std::vector<std::byte> take_image(std::size_t leading_bytes = 0);
  /// Writes everything out and closes. A file that is only destroyed may be incomplete.
  void close();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// True when the object exists. Throws, too, when it can be reached only through a soft or external link.
  [[nodiscard]] bool has(const std::string& object) const;
  /// The layout of a data set; every byte of it is known to lie in this file.
  [[nodiscard]] Hdf5Dataset dataset(const std::string& object) const;
  /// Reads a whole data set as it is stored. Shapes: out.size() == dataset(object).bytes.
  void read(const std::string& object, std::span<std::byte> out) const;
  /// Attributes; nothing when there is none of that name.
  [[nodiscard]] std::optional<std::string> text(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::optional<double> number(const std::string& object, const std::string& name) const;

  /// Creates and fills a data set. Deterministic: no times are stored.
  void write(const Hdf5NewDataset& dataset, std::span<const std::byte> bytes);
  /// Texts hold no NUL bytes.
  void write_text(const std::string& object, const std::string& name, const std::string& text);
  void write_texts(const std::string& object, const std::string& name, const std::vector<std::string>& texts);
  void write_integer(const std::string& object, const std::string& name, std::int64_t value);
  void write_number(const std::string& object, const std::string& name, double value);

 private:
  struct OpenAttribute;
  [[nodiscard]] std::optional<OpenAttribute> open_attribute(const std::string& object, const std::string& name) const;
  struct FileTraits {
    using Handle = std::int64_t;  // hid_t
    static constexpr Handle none() { return -1; }
    static void close(Handle handle) noexcept;
  };

  Hdf5File(std::string path, bool reading) : path_(std::move(path)), reading_(reading) {}
  [[noreturn]] void fail(const std::string& object, const std::string& what) const;
  /// Returns `result`, or throws with HDF5's own message when it is negative.
  template <class Result>
  Result checked(Result result, const std::string& object, const char* what) const;
  void require_inside(const std::string& object, std::int64_t dataset, const Hdf5Dataset& found) const;
  template <class Value>
  std::optional<Value> scalar(const std::string& object, const std::string& name) const;
  void write_attribute(const std::string& object, const std::string& name, std::int64_t type, std::int64_t space,
                       const void* data);
  void write_fixed_texts(const std::string& object, const std::string& name, std::int64_t space,
                         std::span<const std::string> texts);

  std::string path_;
  bool reading_;
  std::size_t file_bytes_ = 0;
  UniqueHandle<FileTraits> file_;
};

}  // namespace crossilo
