#include "crossilo/launch/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "crossilo/io/rank_status.hpp"

namespace crossilo {
namespace {

std::atomic<int> wishes{0};
std::atomic<int> first_signal{0};
std::atomic<int> mark_descriptor{-1};
std::atomic<bool> was_terminated{false};
std::atomic<const char*> end_text{EndDeadline::kNoAnswer};
static_assert(std::atomic<const char*>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free,
              "a signal handler may only use lock-free atomics");

void write_mark(int descriptor) {
  const char mark = RankStatusFile::kTerminatedMark;
  // Nothing can be done here about a mark that cannot be written: the supervisor then names this rank as well.
  [[maybe_unused]] const ssize_t written = ::write(descriptor, &mark, 1);
}

extern "C" void on_end_deadline(int) {
  const std::string_view text(end_text.load());
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  const int descriptor = mark_descriptor.load();
  if (descriptor >= 0) write_mark(descriptor);  // not this silo's fault
  ::_exit(static_cast<int>(ExitCode::peer_lost));
}

extern "C" void on_stop_signal(int signal) {
  const int error = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  const bool insists = wishes.fetch_add(1) > 0 && (signal == SIGINT || signal == SIGTERM);
  if (signal == SIGTERM) was_terminated.store(true);
  const int descriptor = mark_descriptor.load();
  if ((signal == SIGTERM || insists) && descriptor >= 0) write_mark(descriptor);
  if (insists) ::_exit(128 + signal);
  errno = error;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  if (::sigaction(signal, &action, nullptr) != 0)
    throw EnvironmentError(std::string("sigaction failed: ") + std::strerror(errno));
}

}  // namespace

void install_stop_handlers() {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGINT, SIGTERM}) handle(signal, on_stop_signal);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGALRM, on_end_deadline);  // foreign/mpi sets the alarm around calls that wait for all
}

int stop_wishes() noexcept { return wishes.load(); }
int stop_signal() noexcept { return first_signal.load(); }

void mark_termination_in(int descriptor) noexcept {
  mark_descriptor.store(descriptor);
  if (descriptor >= 0 && was_terminated.load()) write_mark(descriptor);
}

EndDeadline::EndDeadline(double seconds, const char* text) {
  end_text.store(text);
  handle(SIGALRM, on_end_deadline);
  constexpr double kSecondsMax = 1e6;
  ::alarm(static_cast<unsigned>(std::ceil(std::min(seconds, kSecondsMax))));
}

EndDeadline::~EndDeadline() {
  ::alarm(0);
  end_text.store(kNoAnswer);
}

}  // namespace crossilo
