// Aim: torch's process-wide settings, pinned so that training repeats bit for bit on one processor type.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace crossilo {

struct TorchOptions {
  int threads = 1;  // for one operation; part of what makes a run repeatable
};

/// Pins torch's settings for the rest of the process: thread count, deterministic algorithms, TorchScript's profiling
/// executor off (a warm graph differs from a cold one), MKL_CBWR=AUTO unless the user has set it, denormals kept;
/// freed memory is kept too (glibc's thresholds, unless set by MALLOC_… variables).
/// Build one before torch's first use (MKL reads its variable once). Throws: EnvironmentError.
class TorchSession {
 public:
  explicit TorchSession(const TorchOptions& options = {});
  TorchSession(const TorchSession&) = delete;
  TorchSession& operator=(const TorchSession&) = delete;

  [[nodiscard]] int threads() const noexcept { return threads_; }
  /// The libtorch this program runs with ("2.11.0").
  [[nodiscard]] static std::string version();

 private:
  int threads_;
};

/// Seeds torch's default CPU generator (dropout draws from it) and puts its earlier state back at the end of the scope.
class TorchSeedGuard {
 public:
  explicit TorchSeedGuard(std::uint64_t seed);
  ~TorchSeedGuard();
  TorchSeedGuard(const TorchSeedGuard&) = delete;
  TorchSeedGuard& operator=(const TorchSeedGuard&) = delete;

 private:
  struct State;
  std::unique_ptr<State> earlier_;
};

}  // namespace crossilo
