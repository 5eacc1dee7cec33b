// Aim: signals that a supervisor takes one by one, when it has time for them.
#pragma once

#include <signal.h>
#include <time.h>

namespace crossilo {

/// Holds back the signals that a supervisor takes by waiting for them, so that none is missed and no handler runs.
class HeldSignals {
 public:
  HeldSignals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;  // where SIGCHLD is ignored, a child's end cannot be waited for
    ::sigaction(SIGCHLD, &action, &child_action_before_);
    ::sigemptyset(&held_);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD})
      if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) ::sigaddset(&held_, signal);
    ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    ::sigaction(SIGCHLD, &child_action_before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  [[nodiscard]] const sigset_t& before() const noexcept { return before_; }
  /// The next signal, or 0 when none came for a tenth of a second.
  [[nodiscard]] int next() const {
    const timespec tenth{0, 100'000'000};
    const int signal = ::sigtimedwait(&held_, nullptr, &tenth);
    return signal < 0 ? 0 : signal;
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
  struct sigaction child_action_before_ {};
};

}  // namespace crossilo
