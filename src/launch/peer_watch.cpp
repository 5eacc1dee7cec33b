#include "crossilo/launch/peer_watch.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include "crossilo/base/clock.hpp"

namespace crossilo {

ProcessPlace own_process_place() {
  ProcessPlace place{.pid = ::getpid()};
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::copy_n(boot.begin(), std::min(boot.size(), place.boot.size()), place.boot.begin());
  struct stat processes {};
  if (::stat("/proc/self/ns/pid", &processes) == 0) place.process_namespace = processes.st_ino;
  return place;
}

PeerWatch::PeerWatch(const std::vector<ProcessPlace>& places, int own_rank) : launcher_(::getppid()) {
  const ProcessPlace& own = places.at(static_cast<std::size_t>(own_rank));
  if (own.boot.front() == '\0' || own.process_namespace == 0) return;
  for (int rank = 0; rank < static_cast<int>(places.size()); ++rank) {
    const ProcessPlace& place = places[static_cast<std::size_t>(rank)];
    if (rank != own_rank && place.boot == own.boot && place.process_namespace == own.process_namespace)
      watched_.push_back({.rank = rank, .pid = static_cast<pid_t>(place.pid), .was_gone = false});
  }
}

std::optional<int> PeerWatch::ended_peer() {
  constexpr double kLookSeconds = 0.1;
  const double now = steady_clock().now_seconds();
  if (now < next_look_ || ::getppid() != launcher_) return std::nullopt;
  next_look_ = now + kLookSeconds;
  std::optional<int> ended;
  for (Watched& peer : watched_) {
    const bool is_gone = peer.pid > 0 && ::kill(peer.pid, 0) != 0 && errno == ESRCH;
    if (is_gone && peer.was_gone && !ended) ended = peer.rank;
    peer.was_gone = is_gone;
  }
  return ended;
}

}  // namespace crossilo
