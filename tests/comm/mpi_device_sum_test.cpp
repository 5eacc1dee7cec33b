// Aim: on a machine with a GPU for each rank, the sum of a site goes between them, and has the bits of the plain sum.
// Method: a real mpirun, NCCL and CUDA; skipped where there are fewer GPUs. One site, and two with one rank more or
// less.
#include "comm/site_shapes.hpp"
#include "comm/sum_oracle.hpp"
#include "crossilo/launch/gpu_guard.hpp"
#include "support/mpi_main.hpp"

namespace crossilo::test {
namespace {

TEST(MpiDeviceSumTest, EqualsThePlainSum) {
  MpiCommunicator& communicator = mpi_communicator();
  std::optional<int> gpu;
  try {
    gpu = agree_on_gpu(communicator, own_gpu_offer("cuda"), contract_deadline()).gpu;
  } catch (const EnvironmentError& error) {
    GTEST_SKIP() << "no GPU: " << error.what();
  }
  use_cuda_device(gpu.value());
  const int ranks = communicator.size();
  std::vector<std::vector<int>> partitions{{ranks}};
  if (ranks > 2) partitions.push_back({ranks - 1, 1});
  for (const std::vector<int>& sizes : partitions) {
    const SumShape shape = shape_of(sizes, 8, true);
    RingSum ring_sum(communicator, {.site_of_rank = shape.site_of_rank, .has_device = true});
    ring_sum.self_test(contract_deadline());
    for (const std::size_t count : {30u, 5'000'003u}) {
      expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, count);
      expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, count);
    }
  }
}

}  // namespace
}  // namespace crossilo::test
