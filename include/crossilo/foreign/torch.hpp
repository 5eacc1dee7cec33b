// Aim: torch's process-wide settings, pinned so that training repeats bit for bit on one processor type.
#pragma once

#include <cstdint>
#include <exception>
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

/// Makes torch compute on CUDA's device of that number, too, and returns torch's name for it: "cuda:1". Loads
/// libtorch_cuda (230 MB, so nothing links it); kernels are deterministic where torch has such, and in full float.
/// Throws: EnvironmentError where it cannot be loaded, or sees no such device.
[[nodiscard]] std::string use_torch_on_gpu(int gpu);

/// What to say where torch ran out of a GPU's memory; empty for any other error.
[[nodiscard]] std::string gpu_memory_fault(const std::exception& error);

/// Seeds torch's default generators, of the processor and of this thread's GPU (dropout draws from them), and puts
/// their earlier states back at the end of the scope.
class TorchSeedGuard {
 public:
  explicit TorchSeedGuard(std::uint64_t seed);
  ~TorchSeedGuard();
  TorchSeedGuard(const TorchSeedGuard&) = delete;
  TorchSeedGuard& operator=(const TorchSeedGuard&) = delete;

 private:
  struct States;
  std::unique_ptr<States> earlier_;
};

}  // namespace crossilo
