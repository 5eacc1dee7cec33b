#include "crossilo/io/silo_secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"

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

/// A file of its own name (mode 0600), gone at the end of the scope, however that comes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& prefix)
      : path_(prefix + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  ~TemporaryFile() {
    if (file_.is_open()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const File& file() const noexcept { return file_; }

 private:
  std::string path_;
  File file_;
};

void create_secret(const std::string& path) {
  const auto check = [&](bool done) {
    if (!done) throw StorageError(fmt::format("{}: cannot write the silo's secret: {}", path, std::strerror(errno)));
  };
  SecretKey secret;
  secure_random(secret.bytes());
  const TemporaryFile temporary(path);
  check(temporary.file().is_open());
  const int descriptor = temporary.file().get();
  check(::write(descriptor, secret.bytes().data(), secret.bytes().size()) ==
        static_cast<ssize_t>(secret.bytes().size()));
  check(::fsync(descriptor) == 0);
  // link() fails where another process was faster: then its secret is the one.
  check(::link(temporary.path().c_str(), path.c_str()) == 0 || errno == EEXIST);
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
