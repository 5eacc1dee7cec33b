#include "crossilo/io/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// "process 4711 on host n1": what the holder wrote into the file.
std::string holder_in(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "another process";
}

std::string own_text() {
  std::array<char, 128> host{};
  static_cast<void>(::gethostname(host.data(), host.size() - 1));
  return fmt::format("process {} on host {}", ::getpid(), host.data());
}

}  // namespace

RunLock::RunLock(const std::string& folder) {
  const std::string path = folder + "/lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw StorageError(fmt::format("{}: cannot be opened: {}", path, std::strerror(errno)));
  is_held_ = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  const int error = errno;
  if (!is_held_ && error == EWOULDBLOCK) {
    const std::string holder = holder_in(descriptor_);
    ::close(descriptor_);
    throw StorageError(
        fmt::format("{}: {} works in it; wait for its end, or begin another run with --resume never", folder, holder));
  }
  const std::string text = own_text();
  if (is_held_ && (::ftruncate(descriptor_, 0) != 0 ||
                   ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))) {
    const int failure = errno;
    ::close(descriptor_);
    throw StorageError(fmt::format("{}: cannot be written: {}", path, std::strerror(failure)));
  }
}

RunLock::~RunLock() { ::close(descriptor_); }

}  // namespace crossilo
