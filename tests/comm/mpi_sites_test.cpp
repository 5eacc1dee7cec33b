// Aim: over MPI, too, the sum has the same bits for every shape of sites, with and without memory that ranks share.
// Method: a real mpirun on 4 and on 7 ranks; ten partitions into sites, ranks of a site dealt out or in a row.
#include <gtest/gtest.h>

#include "comm/site_shapes.hpp"
#include "comm/sum_oracle.hpp"
#include "support/mpi_main.hpp"

namespace crossilo::test {
namespace {

const std::vector<std::vector<int>> kPartitions = {{4}, {2, 2}, {3, 1},    {2, 1, 1}, {1, 1, 1, 1},
                                                   {7}, {4, 3}, {5, 1, 1}, {3, 3, 1}, {2, 2, 2, 1}};

TEST(MpiSitesTest, TheSumEqualsThePlainSumInEveryShape) {
  MpiCommunicator& communicator = mpi_communicator();
  int shapes = 0;
  for (const std::vector<int>& sizes : kPartitions) {
    const SumShape shape = shape_of(sizes, 8, shapes % 2 == 0);
    if (static_cast<int>(shape.ranks()) != communicator.size()) continue;
    ++shapes;
    for (const bool shares_memory : {true, false}) {
      RingSum ring_sum(communicator, {.site_of_rank = shape.site_of_rank,
                                      .message_words = 256,
                                      .window_words = 1 << 14,
                                      .flat_words_max = 64,
                                      .shares_memory = shares_memory});
      for (const std::size_t count : {30u, 100'003u}) {
        expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, count);
        expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, count);
      }
      ASSERT_FALSE(HasFailure()) << describe(shape);
    }
  }
  EXPECT_EQ(shapes, 5);
}

}  // namespace
}  // namespace crossilo::test
