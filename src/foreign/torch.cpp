#include "crossilo/foreign/torch.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/headeronly/version.h>

#include <cstdlib>
#include <exception>
#include <mutex>
#include <vector>

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

std::string use_torch_on_gpu(int gpu) {
  // cuBLAS repeats its sums with this workspace; it reads the variable once.
  if (setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0) != 0)
    throw EnvironmentError("CUBLAS_WORKSPACE_CONFIG cannot be set: out of memory");
  constexpr const char* kAdvice = "; or compute on the processor:  --run.device cpu";
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr)
    throw EnvironmentError(std::string("libtorch's part for CUDA cannot be loaded: ") + ::dlerror() +
                           "; install a libtorch with CUDA and what it depends on (docs/install.md)" + kAdvice);
  const int devices = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (gpu >= devices)
    throw EnvironmentError("libtorch sees " + std::to_string(devices) + " GPUs, and GPU " + std::to_string(gpu) +
                           " is wanted; do its CUDA version and the driver fit (nvidia-smi)?" + kAdvice);
  at::Context& context = at::globalContext();
  // Some operations have no deterministic kernel: they warn, and run.
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(false);
  return "cuda:" + std::to_string(gpu);
}

std::string gpu_memory_fault(const std::exception& error) {
  const auto* const fault = dynamic_cast<const c10::OutOfMemoryError*>(&error);
  if (fault == nullptr) return "";
  return std::string("the GPU has too little memory: ") + fault->what_without_backtrace() +
         "; lower train.batch_size, take a smaller model, or compute on the processor:  --run.device cpu";
}

struct TorchSeedGuard::States {
  struct State {
    at::Generator generator;
    at::Tensor bytes;
  };
  std::vector<State> all;
};

TorchSeedGuard::TorchSeedGuard(std::uint64_t seed) : earlier_(std::make_unique<States>()) {
  std::vector<at::Generator> generators{at::detail::getDefaultCPUGenerator()};
  if (at::hasCUDA()) generators.push_back(at::globalContext().defaultGenerator(at::Device(at::kCUDA)));
  for (at::Generator& generator : generators) {
    const std::lock_guard lock(generator.mutex());
    earlier_->all.push_back({generator, generator.get_state()});
    generator.set_current_seed(seed);
  }
}

TorchSeedGuard::~TorchSeedGuard() {
  try {
    for (States::State& earlier : earlier_->all) {
      const std::lock_guard lock(earlier.generator.mutex());
      earlier.generator.set_state(earlier.bytes);
    }
  } catch (const std::exception&) {
    std::terminate();  // a state that torch gave us and does not take back: no result could be trusted
  }
}

}  // namespace crossilo
