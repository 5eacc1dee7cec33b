#include "crossilo/foreign/zlib.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kLargestRatio = 1032;                // deflate never packs better
constexpr std::size_t kBytesACall = std::size_t{1} << 30;  // gzread takes an unsigned int
constexpr unsigned kBufferBytes = 1u << 17;

gzFile as_gzip(void* handle) { return static_cast<gzFile>(handle); }

}  // namespace

void GzipFile::Traits::close(Handle handle) noexcept { static_cast<void>(gzclose_r(as_gzip(handle))); }

GzipFile::GzipFile(const std::string& path) : path_(path) {
  std::error_code error;
  // A folder opens like a file; a pipe has no size.
  if (!std::filesystem::is_regular_file(path, error)) throw DataError(path + ": no such file");
  const std::size_t bytes = std::filesystem::file_size(path, error);
  if (error) throw DataError(path + ": " + error.message());
  if (__builtin_mul_overflow(bytes, kLargestRatio, &bytes_max_)) bytes_max_ = SIZE_MAX;
  file_ = UniqueHandle<Traits>(gzopen(path.c_str(), "rbe"));
  if (file_.get() == nullptr) throw DataError(path + ": cannot be read: " + std::strerror(errno));
  if (gzbuffer(as_gzip(file_.get()), kBufferBytes) != 0) throw DataError(path + ": no memory to read it");
}

std::size_t GzipFile::read(std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto wanted = static_cast<unsigned>(std::min(out.size() - done, kBytesACall));
    const int got = gzread(as_gzip(file_.get()), out.data() + done, wanted);
    int code = Z_OK;
    const char* const text = gzerror(as_gzip(file_.get()), &code);
    // A gzip stream that is cut short gives its bytes and then Z_BUF_ERROR.
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
      throw DataError(fmt::format("{}: offset {}: the gzip stream is damaged or cut short: zlib says: {}", path_,
                                  gztell(as_gzip(file_.get())), text));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace crossilo
