#include "crossilo/io/append_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "crossilo/base/error.hpp"

namespace crossilo {

AppendFile::AppendFile(std::string path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw StorageError(path_ + ": cannot be written: " + std::strerror(errno));
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::append(std::string_view bytes) {
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int cause = errno;
      [[maybe_unused]] const int cut = ::ftruncate(descriptor_, size);  // what fails here has been told of already
      throw StorageError(path_ + ": writing failed: " + std::strerror(cause));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool AppendFile::is_empty() const { return ::lseek(descriptor_, 0, SEEK_END) == 0; }

}  // namespace crossilo
