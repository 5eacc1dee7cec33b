#include "crossilo/io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

[[noreturn]] void fail(const std::string& path, const char* step) {
  throw StorageError(path + ": " + step + " failed: " + std::strerror(errno));
}

/// A file under its temporary name; gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target) : path_(target + ".tmp.XXXXXX") {
    descriptor_ = ::mkostemp(path_.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail(target, "making a temporary file beside it");
    if (::fchmod(descriptor_, 0644) != 0) fail(path_, "chmod");
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(path_, "write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void finish() {
    if (::fsync(descriptor_) != 0) fail(path_, "fsync");
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail(path_, "close");
  }
  [[nodiscard]] const char* path() const noexcept { return path_.c_str(); }

 private:
  std::string path_;
  int descriptor_ = -1;
};

/// Makes a new name in a folder survive a power cut. Some file systems refuse it; the file itself is safe by then.
void sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "open of its folder");
  const int synced = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  if (synced != 0 && error != EINVAL && error != ENOTSUP) fail(path, "fsync of its folder");
}

}  // namespace

bool write_file_atomically(const std::string& path, std::span<const std::span<const std::byte>> pieces,
                           Existing existing) {
  TemporaryFile file(path);
  for (const auto piece : pieces) file.write(piece);
  file.finish();
  if (existing == Existing::replace) {
    if (::rename(file.path(), path.c_str()) != 0) fail(path, "rename");
  } else if (::link(file.path(), path.c_str()) != 0) {  // unlike rename, link never replaces
    if (errno == EEXIST) return false;
    fail(path, "link");
  }
  sync_folder_of(path);
  return true;
}

bool write_file_atomically(const std::string& path, std::string_view text, Existing existing) {
  const std::array pieces{std::as_bytes(std::span(text))};
  return write_file_atomically(path, pieces, existing);
}

std::optional<std::string> read_file_if_there(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return std::nullopt;
    throw StorageError(path + ": cannot be read: " + std::strerror(errno));
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) throw StorageError(path + ": reading failed: " + std::strerror(errno));
  return std::move(text).str();
}

}  // namespace crossilo
