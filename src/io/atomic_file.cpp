#include "crossilo/io/atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

[[noreturn]] void fail(const std::string& path, const char* step) {
  throw StorageError(path + ": " + step + " failed: " + std::strerror(errno));
}

void write_all(int descriptor, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

int open_new(const std::string& path, unsigned mode) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

/// A file under its temporary name; gone with the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& target, unsigned mode) {
    // The name may be taken by a process of another machine that shares the folder, or left by one that died.
    for (int attempt = 0; descriptor_ < 0 && attempt < 1000; ++attempt) {
      path_ = target + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(attempt);
      descriptor_ = open_new(path_, mode);
      if (descriptor_ < 0 && errno != EEXIST) break;
    }
    if (descriptor_ < 0) fail(target, "making a temporary file beside it");
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes) { write_all(descriptor_, path_, bytes); }
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

/// For file systems without hard links: the name is still taken by one writer only, but a reader may see half a file.
bool write_new_file(const std::string& path, std::span<const std::span<const std::byte>> pieces, unsigned mode) {
  const int descriptor = open_new(path, mode);
  if (descriptor < 0 && errno == EEXIST) return false;
  if (descriptor < 0) fail(path, "open");
  const auto closing = std::unique_ptr<const int, void (*)(const int*)>(&descriptor, [](const int* d) { ::close(*d); });
  for (const auto piece : pieces) write_all(descriptor, path, piece);
  if (::fsync(descriptor) != 0) fail(path, "fsync");
  return true;
}

bool has_no_hard_links(int error) {
  return error == EPERM || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

}  // namespace

bool write_file_atomically(const std::string& path, std::span<const std::span<const std::byte>> pieces,
                           Existing existing, unsigned mode) {
  TemporaryFile file(path, mode);
  for (const auto piece : pieces) file.write(piece);
  file.finish();
  if (existing == Existing::replace) {
    if (::rename(file.path(), path.c_str()) != 0) fail(path, "rename");
  } else if (::link(file.path(), path.c_str()) != 0) {  // unlike rename, link never replaces
    if (errno == EEXIST) return false;
    if (!has_no_hard_links(errno)) fail(path, "link");
    if (!write_new_file(path, pieces, mode)) return false;
  }
  sync_folder_of(path);
  return true;
}

bool write_file_atomically(const std::string& path, std::string_view text, Existing existing, unsigned mode) {
  const std::array pieces{std::as_bytes(std::span(text))};
  return write_file_atomically(path, pieces, existing, mode);
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
