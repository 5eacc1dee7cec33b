// Aim: let tests of the codec run without the network layer.
// Method: the ring sum of one rank is the payload itself.
#include "crossilo/base/check.hpp"
#include "crossilo/comm/ring_sum.hpp"

namespace crossilo {

RingSum::RingSum(Communicator& communicator, Options options) : communicator_(communicator), options_(options) {
  CROSSILO_ASSERT(communicator_.size() == 1);
}
void RingSum::sum(std::span<std::uint32_t>, const Deadline&) {}
void RingSum::sum(std::span<std::uint64_t>, const Deadline&) {}

}  // namespace crossilo
