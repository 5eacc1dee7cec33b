#include "crossilo/io/silo_secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

/// A file descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
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
  Key256 secret;
  secure_random(secret);
  const std::string temporary = path + "." + std::to_string(::getpid());
  {
    const File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open() || ::write(file.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size()) ||
        ::fsync(file.get()) != 0)
      throw StorageError(fmt::format("{}: cannot write the silo's secret: {}", temporary, std::strerror(errno)));
  }
  wipe(secret);
  // link() fails where another process was faster: then its secret is the one.
  if (::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)
    throw StorageError(fmt::format("{}: cannot write the silo's secret: {}", path, std::strerror(errno)));
  ::unlink(temporary.c_str());
}

}  // namespace

Key256 read_or_create_secret(const std::string& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) throw StorageError(fmt::format("{}: cannot make the private folder: {}", folder, failure.message()));
  const std::string path = folder + "/secret";
  if (!std::filesystem::exists(path)) create_secret(path);
  const File file(path, O_RDONLY);
  if (!file.is_open())
    throw StorageError(fmt::format("{}: cannot read the silo's secret: {}", path, std::strerror(errno)));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || (facts.st_mode & 077) != 0)
    throw EnvironmentError(fmt::format("{}: mode {:o}, 600 is wanted: others may read this silo's secret; chmod 600 it",
                                       path, facts.st_mode & 0777));
  Key256 secret;
  if (facts.st_size != static_cast<off_t>(secret.size()) ||
      ::read(file.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size()))
    throw EnvironmentError(
        fmt::format("{}: {} bytes, 32 are wanted; remove it and a new secret is made", path, facts.st_size));
  return secret;
}

}  // namespace crossilo
