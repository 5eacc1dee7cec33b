#include "crossilo/io/silo_secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace crossilo {
namespace {

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

void create_secret(const std::string& path) {
  SecretKey secret;
  secure_random(secret.bytes());
  const std::span<const std::byte> bytes = secret.bytes();
  // Kept where another process was faster: then its secret is the one.
  static_cast<void>(write_file_atomically(path, {&bytes, 1}, Existing::keep, 0600));
}

/// The folder itself is made for its owner alone; the folders above it as the user's umask says.
void create_private_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), failure);
  if (!failure && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    failure = std::error_code(errno, std::generic_category());
  if (failure)
    throw StorageError(fmt::format("{}: cannot make the private folder: {}", folder.string(), failure.message()));
}

}  // namespace

SecretKey read_or_create_secret(const std::string& folder) {
  create_private_folder(folder);
  const std::string path = folder + "/secret";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) create_secret(path);
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open())
    throw StorageError(fmt::format("{}: cannot read the silo's secret: {}", path, std::strerror(errno)));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || (facts.st_mode & 077) != 0)
    throw EnvironmentError(fmt::format("{}: mode {:o}, 600 is wanted: others may read this silo's secret; chmod 600 it",
                                       path, facts.st_mode & 0777));
  SecretKey secret;
  Key256& bytes = secret.bytes();
  if (facts.st_size != static_cast<off_t>(bytes.size()) ||
      ::read(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    throw EnvironmentError(
        fmt::format("{}: {} bytes, 32 are wanted; remove it and a new secret is made", path, facts.st_size));
  return secret;
}

}  // namespace crossilo
