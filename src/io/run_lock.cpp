#include "crossilo/io/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/communicator.hpp"

namespace crossilo {
namespace {

/// What the holder wrote: "JOB process 4711 on host n1". Between its lock and its text a moment passes.
std::string text_in(int descriptor) {
  std::array<char, 512> text{};
  for (int attempt = 0; attempt < 50; ++attempt) {
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    if (size > 0) return {text.data(), static_cast<std::size_t>(size)};
    ::usleep(20'000);
  }
  return " another process";
}

void write_text(int descriptor, const std::string& path, const std::string& text) {
  if (::ftruncate(descriptor, 0) == 0 &&
      ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    return;
  throw StorageError(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
}

/// Where a file system knows no locks: true of the process that makes the job's own file.
bool is_first_of_job(const std::string& path, const std::string& job) {
  const int made = ::open((path + "." + job).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (made >= 0) ::close(made);
  return made >= 0;
}

}  // namespace

bool is_run_locked(const std::string& folder) {
  const int descriptor = ::open((folder + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return is_locked;
}

RunLock::RunLock(const std::string& folder, const std::string& job, const std::string& file) {
  const std::string path = folder + "/" + file;
  descriptor_ = UniqueHandle<DescriptorTraits>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (descriptor_.get() < 0) throw StorageError(fmt::format("{}: cannot be opened: {}", path, std::strerror(errno)));
  // Who only looks whether a run goes on (is_run_locked) has it for a moment: another job is refused after a second.
  constexpr int kLooks = 50;
  std::string holder;
  for (int look = 0; look < kLooks; ++look) {
    if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) == 0) {
      write_text(descriptor_.get(), path, fmt::format("{} process {} on host {}", job, ::getpid(), host_name()));
      is_held_ = true;
      return;
    }
    if (errno != EWOULDBLOCK) {
      is_held_ = is_first_of_job(path, job);
      return;
    }
    const std::string text = text_in(descriptor_.get());
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (text.substr(0, blank) == job) return;
    holder = text.substr(blank);
    ::usleep(20'000);
  }
  throw StorageError(
      fmt::format("{}:{} works in it; wait for its end, or begin another run with --resume never", folder, holder));
}

void RunLock::DescriptorTraits::close(int descriptor) noexcept { ::close(descriptor); }

}  // namespace crossilo
