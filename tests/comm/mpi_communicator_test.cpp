// Aim: MpiCommunicator keeps the contract, names a silent silo in time, and dies with messages under way.
// Method: the contract suite at several rank counts; a communicator of its own for each test that breaks something.
#include "crossilo/comm/mpi_communicator.hpp"

#include "comm/communicator_contract.hpp"
#include "support/mpi_main.hpp"

namespace crossilo::test {
namespace {

/// A communicator for each case: signs of life that nobody took end with it.
struct MpiBackend {
  static void run(const RankMain& rank_main) {
    MpiCommunicator communicator(mpi_session().duplicate_world());
    rank_main(communicator);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Mpi, CommunicatorContract, MpiBackend);

TEST(MpiCommunicatorTest, ASilentRankIsNamed) {
  MpiCommunicator communicator(mpi_session().duplicate_world());
  const int silent = communicator.size() - 1;
  std::vector<std::byte> here(static_cast<std::size_t>(communicator.size()));
  const std::byte one{1};
  all_gather(communicator, std::span(&one, 1), here, contract_deadline());  // nobody is merely late
  RingSum ring_sum(communicator, {});
  if (communicator.size() > 1 && communicator.rank() != silent) {
    std::vector<std::uint32_t> words(100'000, 1);
    try {
      ring_sum.sum(std::span(words), {.seconds = 15.0, .step = "sum, round 17"});
      ADD_FAILURE() << "a sum without rank " << silent << " came to an end";
    } catch (const PeerLostError& error) {
      EXPECT_EQ(std::string(error.what()),
                "rank " + std::to_string(silent) + " has not answered for 15 s in \"sum, round 17\"");
    }
  }
  std::vector<std::byte> all(static_cast<std::size_t>(communicator.size()));
  const std::byte mine{1};
  all_gather(mpi_communicator(), std::span(&mine, 1), all, contract_deadline());
}

TEST(MpiCommunicatorTest, MayDieWithMessagesUnderWay) {
  std::vector<std::uint64_t> buffer(100'000);
  {
    MpiCommunicator communicator(mpi_session().duplicate_world());
    const Request never_sent = communicator.start_receive(std::span(buffer), {communicator.rank(), 1});
    EXPECT_FALSE(never_sent.done());
  }
  std::vector<std::byte> all(static_cast<std::size_t>(mpi_communicator().size()));
  const std::byte mine{1};
  all_gather(mpi_communicator(), std::span(&mine, 1), all, contract_deadline());
}

TEST(MpiCommunicatorTest, TakesMoreMessagesThanItHasSlotsAtFirst) {
  MpiCommunicator& communicator = mpi_communicator();
  constexpr std::size_t kMessages = 2000;
  std::vector<std::uint32_t> sent(kMessages);
  std::iota(sent.begin(), sent.end(), 0u);
  std::vector<std::uint32_t> received(kMessages);
  std::vector<Request> requests;
  const std::vector<int> ranks(2 * kMessages, communicator.rank());
  for (std::size_t i = 0; i < kMessages; ++i) {
    requests.push_back(communicator.start_receive(std::span(received).subspan(i, 1), {communicator.rank(), 9}));
    requests.push_back(
        communicator.start_send(std::span<const std::uint32_t>(sent).subspan(i, 1), {communicator.rank(), 9}));
  }
  wait_all(communicator, requests, ranks, contract_deadline());
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace crossilo::test
