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
