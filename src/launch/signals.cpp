#include "crossilo/launch/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "crossilo/base/error.hpp"
#include "crossilo/io/rank_status.hpp"

namespace crossilo {
namespace {

std::atomic<int> wishes{0};
std::atomic<int> first_signal{0};
std::atomic<int> mark_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only use lock-free atomics");

extern "C" void on_stop_signal(int signal) {
  const int error = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  wishes.fetch_add(1);
  const int descriptor = mark_descriptor.load();
  if (signal == SIGTERM && descriptor >= 0) {
    const char mark = RankStatusFile::kTerminatedMark;
    // Nothing can be done here about a mark that cannot be written: the supervisor then names this rank as well.
    [[maybe_unused]] const ssize_t written = ::write(descriptor, &mark, 1);
  }
  errno = error;
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGUSR1, SIGINT, SIGTERM})
    if (::sigaction(signal, &action, nullptr) != 0)
      throw EnvironmentError(std::string("sigaction failed: ") + std::strerror(errno));
}

int stop_wishes() noexcept { return wishes.load(); }
int stop_signal() noexcept { return first_signal.load(); }
void mark_termination_in(int descriptor) noexcept { mark_descriptor.store(descriptor); }

}  // namespace crossilo
