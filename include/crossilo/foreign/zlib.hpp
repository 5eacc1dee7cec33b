// Aim: a file read as a stream of bytes, whether gzip packs it or not.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "crossilo/base/unique_handle.hpp"

namespace crossilo {

/// One open file. Throws (every member): DataError that names file, offset and what zlib says.
class GzipFile {
 public:
  explicit GzipFile(const std::string& path);
  /// Fills `out` as far as the file reaches. Returns the number of bytes read.
  [[nodiscard]] std::size_t read(std::span<std::byte> out);
  /// More than the file can hold once it is unpacked.
  [[nodiscard]] std::size_t bytes_max() const noexcept { return bytes_max_; }

 private:
  struct Traits {
    using Handle = void*;  // gzFile
    static constexpr Handle none() { return nullptr; }
    static void close(Handle handle) noexcept;
  };

  std::string path_;
  std::size_t bytes_max_ = 0;
  UniqueHandle<Traits> file_;
};

}  // namespace crossilo
