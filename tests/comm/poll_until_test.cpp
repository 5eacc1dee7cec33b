// Aim: poll_until gives up in time, never too early, and says for whom it waited.
// Method: a communicator without messages on a virtual clock that the looks themselves move.
#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/communicator.hpp"

namespace crossilo::test {
namespace {

class SilentCommunicator final : public Communicator {
 public:
  [[nodiscard]] int rank() const noexcept override { return 0; }
  [[nodiscard]] int size() const noexcept override { return 4; }
  [[nodiscard]] VirtualClock& clock() noexcept override { return clock_; }
  [[nodiscard]] Request start_send(ConstWords, Peer) override { return {}; }
  [[nodiscard]] Request start_receive(Words, Peer) override { return {}; }
  [[nodiscard]] bool test(Request&) override { return false; }
  void idle() override { clock_.advance_seconds(1.0); }

 private:
  VirtualClock clock_;
};

const Deadline kDeadline{.seconds = 60.0, .step = "sum, round 17"};

TEST(PollUntilTest, NamesTheSiloTheSecondsAndTheStep) {
  SilentCommunicator communicator;
  communicator.name_peers({"silo ch (rank 0, host n1)", "silo cle", "silo hu", "silo va (rank 3, host n4)"});
  try {
    poll_until(communicator, kDeadline, [] { return WaitProgress{.awaited_rank = 3}; });
    ADD_FAILURE() << "did not give up";
  } catch (const PeerLostError& error) {
    EXPECT_STREQ(error.what(), "silo va (rank 3, host n4) has not answered for 60 s in \"sum, round 17\"");
    EXPECT_EQ(error.exit_code(), ExitCode::peer_lost);
    EXPECT_EQ(error.lost_rank(), 3);
  }
  EXPECT_EQ(communicator.clock().now_seconds(), 60.0);
}

TEST(PollUntilTest, APeerThatHasEndedIsNamedAtOnceUnlessSomethingMoved) {
  SilentCommunicator communicator;
  int looks = 0;
  communicator.watch_peers([&] { return looks >= 3 ? std::optional(2) : std::nullopt; });
  try {
    poll_until(communicator, kDeadline, [&] { return WaitProgress{.moved = ++looks < 5, .awaited_rank = 3}; });
    ADD_FAILURE() << "waited on";
  } catch (const PeerLostError& error) {
    EXPECT_STREQ(error.what(), "rank 2 died in \"sum, round 17\" (its process is gone)");
    EXPECT_EQ(error.lost_rank(), 2);
  }
  EXPECT_EQ(looks, 5);
  EXPECT_EQ(communicator.clock().now_seconds(), 0.0);
}

TEST(PollUntilTest, ProgressStartsTheDeadlineAnew) {
  SilentCommunicator communicator;
  int looks = 0;
  EXPECT_THROW(poll_until(communicator, kDeadline, [&] { return WaitProgress{.moved = ++looks == 50}; }),
               PeerLostError);
  EXPECT_EQ(communicator.clock().now_seconds(), 49.0 + 60.0);
}

TEST(PollUntilTest, TimeThatThisProcessWasStoppedIsNobodysSilence) {
  SilentCommunicator communicator;
  int looks = 0;
  // Stopped for an hour inside its first look, as all were; the peer needs some time to go on.
  EXPECT_NO_THROW(poll_until(communicator, kDeadline, [&] {
    if (looks == 0) communicator.clock().advance_seconds(3600.0);
    return WaitProgress{.finished = ++looks == 50};
  }));
  EXPECT_THROW(poll_until(communicator, kDeadline,
                          [&] {
                            if (--looks == 20) communicator.clock().advance_seconds(3600.0);
                            return WaitProgress{};
                          }),
               PeerLostError);
  EXPECT_EQ(communicator.clock().now_seconds(), 3600.0 + 49.0 + 29.0 + 3600.0 + 60.0);
}

TEST(PollUntilTest, AFinishedWaitNeverThrows) {
  SilentCommunicator communicator;
  const Deadline none{.seconds = 0.0, .step = "now"};
  EXPECT_NO_THROW(poll_until(communicator, none, [] { return WaitProgress{.finished = true}; }));
}

}  // namespace
}  // namespace crossilo::test
