#include "crossilo/io/rank_status.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>

#include "crossilo/base/error.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace crossilo {
namespace {

/// Applies one line of a status file.
void read_line(std::string line, RankStatus& status, bool& running) {
  if (!line.empty() && line.front() == RankStatusFile::kTerminatedMark) {
    status.terminated = true;
    line.erase(0, line.find_first_not_of(RankStatusFile::kTerminatedMark));
  }
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string word = line.substr(0, blank);
  const std::string rest = line.substr(std::min(blank + 1, line.size()));
  if (word == "rank") status.identity.rank = std::atoi(rest.c_str());
  if (word == "silo") status.identity.silos = rest;
  if (word == "host") status.identity.host = rest;
  if (word == "site") status.identity.site = rest;
  if (word == "pid") status.pid = std::atol(rest.c_str());
  if (word == "round") status.round.value = static_cast<std::uint32_t>(std::strtoul(rest.c_str(), nullptr, 10));
  if (word == "running") running = true;
  if (word == "finished") status.finished = true;
}

std::optional<RankStatus> read_status(const std::string& path) {
  RankStatus status;
  bool running = false;
  std::istringstream text(read_file_if_there(path).value_or(""));
  for (std::string line; std::getline(text, line);) read_line(line, status, running);
  return running ? std::optional(status) : std::nullopt;
}

}  // namespace

RankStatusFile::RankStatusFile(const RunFolder& folder, const RankIdentity& identity)
    : identity_(identity),
      path_(folder.file(fmt::format("ranks/{}", identity.rank))),
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw StorageError(path_ + ": cannot be written: " + std::strerror(errno));
}

RankStatusFile::~RankStatusFile() { ::close(descriptor_); }

bool RankStatusFile::is_in_folder() const noexcept {
  struct stat own {};
  struct stat there {};
  return ::fstat(descriptor_, &own) == 0 && ::stat(path_.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
         own.st_ino == there.st_ino;
}

void RankStatusFile::write_running() {
  const std::string site = identity_.site.empty() ? "" : "site " + identity_.site + "\n";
  append(fmt::format("rank {}\nsilo {}\nhost {}\n{}pid {}\nrunning\n", identity_.rank, identity_.silos, identity_.host,
                     site, ::getpid()));
}

void RankStatusFile::append(const std::string& line) {
  // One write for one line: with O_APPEND the handler's letter falls between lines, never into one.
  ssize_t written = 0;
  do written = ::write(descriptor_, line.data(), line.size());
  while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size()))
    throw StorageError(path_ + ": writing failed: " + (written < 0 ? std::strerror(errno) : "the disk is full"));
}

void RankStatusFile::write_round(RoundIndex round) {
  round_ = round;
  append(fmt::format("round {}\n", round.value));
}
void RankStatusFile::write_finished() { append("finished\n"); }

std::vector<RankStatus> read_rank_statuses(const RunFolder& folder) {
  std::vector<RankStatus> statuses;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("ranks"), error))
    if (auto status = read_status(entry.path().string())) statuses.push_back(std::move(*status));
  if (error) throw StorageError(folder.file("ranks") + ": cannot be read: " + error.message());
  std::sort(statuses.begin(), statuses.end(),
            [](const RankStatus& a, const RankStatus& b) { return a.identity.rank < b.identity.rank; });
  return statuses;
}

}  // namespace crossilo
