// Aim: torch's settings are pinned as promised, and a seed guard leaves the default generator as it was.
// Method: ask torch itself, and compare what the default generator draws with and without guards between.
#include "crossilo/foreign/torch.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/cuda.hpp"

namespace crossilo {
namespace {

TEST(TorchSession, PinsWhatMakesARunRepeatable) {
  ASSERT_EQ(setenv("MKL_CBWR", "COMPATIBLE", 1), 0);
  { const TorchSession session({.threads = 2}); }
  EXPECT_STREQ(std::getenv("MKL_CBWR"), "COMPATIBLE");  // the user's choice stands
  EXPECT_EQ(at::get_num_threads(), 2);
  ASSERT_EQ(unsetenv("MKL_CBWR"), 0);
  const TorchSession session;
  EXPECT_STREQ(std::getenv("MKL_CBWR"), "AUTO");
  EXPECT_EQ(session.threads(), 1);
  EXPECT_EQ(at::get_num_threads(), 1);
  EXPECT_EQ(at::get_num_interop_threads(), 1u);
  EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
  EXPECT_FALSE(at::globalContext().deterministicAlgorithmsWarnOnly());
  EXPECT_FALSE(torch::jit::getProfilingMode());
  EXPECT_FALSE(torch::jit::getExecutorMode());
  volatile float small = std::numeric_limits<float>::min();
  EXPECT_GT(small / 2.0f, 0.0f);  // denormals are kept
  EXPECT_EQ(TorchSession::version().substr(0, 2), "2.");
}

TEST(TorchOnGpu, SaysWhyThereIsNone) {
  if (!find_cuda_devices().ids.empty()) GTEST_SKIP() << "there is one";
  try {
    (void)use_torch_on_gpu(0);
    ADD_FAILURE() << "it found one";
  } catch (const EnvironmentError& error) {
    EXPECT_EQ(std::string(error.what()).find("libtorch"), 0u) << error.what();
    EXPECT_NE(std::string(error.what()).find("; or compute on the processor:  --run.device cpu"), std::string::npos);
  }
}

TEST(TorchOnGpu, TooLittleMemoryIsNoMistakeOfTheProgram) {
  const c10::OutOfMemoryError full({__func__, __FILE__, 1}, "CUDA out of memory. Tried to allocate 2.00 GiB.");
  EXPECT_EQ(gpu_memory_fault(full),
            "the GPU has too little memory: CUDA out of memory. Tried to allocate 2.00 GiB.; lower train.batch_size, "
            "take a smaller model, or compute on the processor:  --run.device cpu");
  EXPECT_EQ(gpu_memory_fault(std::runtime_error("another")), "");
}

TEST(TorchSeedGuard, SeedsAndPutsBack) {
  const auto draw = [] { return at::rand({4}); };
  at::Tensor first, again, expected;
  {
    const TorchSeedGuard outer(5);
    (void)draw();
    expected = draw();
  }
  const TorchSeedGuard outer(5);
  (void)draw();
  {
    const TorchSeedGuard inner(9);
    first = draw();
  }
  EXPECT_TRUE(at::equal(draw(), expected));  // the inner guard left no trace
  {
    const TorchSeedGuard inner(9);
    again = draw();
  }
  EXPECT_TRUE(at::equal(first, again));
  EXPECT_FALSE(at::equal(first, expected));
}

}  // namespace
}  // namespace crossilo
