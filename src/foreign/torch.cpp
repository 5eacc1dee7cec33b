#include "crossilo/foreign/torch.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/headeronly/version.h>

#include <cstdlib>
#include <exception>
#include <mutex>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {

namespace {

/// Freed tensors stay with the process: torch makes and drops the same ones in each step, and asking the system for
/// their pages anew takes a third of a CNN's step. Variables of the user's (MALLOC_…) are kept.
void keep_freed_memory() {
  constexpr int kTrimBytes = 1 << 29;
  if (std::getenv("MALLOC_MMAP_THRESHOLD_") == nullptr && std::getenv("MALLOC_MMAP_MAX_") == nullptr)
    mallopt(M_MMAP_THRESHOLD, 1 << 25);  // the most that glibc takes
  if (std::getenv("MALLOC_TRIM_THRESHOLD_") == nullptr) mallopt(M_TRIM_THRESHOLD, kTrimBytes);
}

}  // namespace

TorchSession::TorchSession(const TorchOptions& options) : threads_(options.threads) {
  CROSSILO_ASSERT(options.threads >= 1);
  // AUTO keeps the processor's fast kernels, but sums in one order whatever the alignment.
  if (setenv("MKL_CBWR", "AUTO", /*overwrite=*/0) != 0) throw EnvironmentError("MKL_CBWR cannot be set: out of memory");
  keep_freed_memory();
  at::set_num_threads(threads_);
  if (at::get_num_threads() != threads_)
    throw EnvironmentError("libtorch runs with " + std::to_string(at::get_num_threads()) + " threads, expected " +
                           std::to_string(threads_) + "; was it built without OpenMP?");
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  // On by default with the line above, it fills each new tensor with NaN; ours are written before they are read.
  context.setDeterministicFillUninitializedMemory(false);
  at::Context::setFlushDenormal(false);
  torch::jit::getProfilingMode() = false;
  torch::jit::getExecutorMode() = false;
}

std::string TorchSession::version() { return TORCH_VERSION; }

struct TorchSeedGuard::State {
  at::Generator generator;
  at::Tensor bytes;
};

TorchSeedGuard::TorchSeedGuard(std::uint64_t seed) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  earlier_ = std::make_unique<State>(State{generator, generator.get_state()});
  generator.set_current_seed(seed);
}

TorchSeedGuard::~TorchSeedGuard() {
  try {
    const std::lock_guard lock(earlier_->generator.mutex());
    earlier_->generator.set_state(earlier_->bytes);
  } catch (const std::exception&) {
    std::terminate();  // a state that torch gave us and does not take back: no result could be trusted
  }
}

}  // namespace crossilo
