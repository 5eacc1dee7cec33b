// Aim: LocalCommunicator keeps the contract and repeats a whole history, faults and deadlines included, from its seed.
// Method: the contract suite over rank counts and seeds; recorded histories are compared; a rank dies at every call.
#include "crossilo/comm/local_communicator.hpp"

#include <deque>

#include "comm/communicator_contract.hpp"
#include "support/capturing_communicator.hpp"
#include "support/faulty_communicator.hpp"

namespace crossilo::test {
namespace {

constexpr double kTickSeconds = 0.25;  // shorter than a quarter of any deadline, after which signs of life are due

template <int Size>
struct LocalBackend {
  static void run(const RankMain& rank_main) {
    for (const std::uint64_t seed : {1u, 2u, 3u})
      run_local_ranks({.size = Size, .seed = seed, .tick_seconds = kTickSeconds}, rank_main);
  }
};

struct SoloBackend {
  static void run(const RankMain& rank_main) { rank_main(*make_solo_communicator()); }
};

/// Ranks that share windows, `NodeRanks` at a time.
template <int Size, int NodeRanks>
struct LocalNodeBackend {
  static void run(const RankMain& rank_main) {
    LocalRun run{.size = Size, .tick_seconds = kTickSeconds};
    for (int rank = 0; rank < Size; ++rank) run.node_of_rank.push_back(rank / NodeRanks);
    for (run.seed = 1; run.seed <= 3; ++run.seed) run_local_ranks(run, rank_main);
  }
};

using Backends = ::testing::Types<LocalBackend<1>, LocalBackend<2>, LocalBackend<3>, LocalBackend<4>, LocalBackend<7>,
                                  SoloBackend, LocalNodeBackend<3, 3>, LocalNodeBackend<4, 2>, LocalNodeBackend<7, 3>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Local, CommunicatorContract, Backends);

void sum_some_words(Communicator& communicator) {
  RingSum ring_sum(communicator, {.message_words = 16, .window_words = 256});
  std::vector<std::uint32_t> words(100, static_cast<std::uint32_t>(communicator.rank()));
  ring_sum.sum(std::span(words), {.seconds = 60.0, .step = "sum, round 17"});
}

/// The history of a sum of four ranks in which rank 2 dies at a call; and what each rank threw.
struct Outcome {
  std::vector<LocalEvent> history;
  std::vector<std::string> errors = std::vector<std::string>(4);
  bool operator==(const Outcome&) const = default;
};

Outcome sum_with_fault(std::uint64_t seed, FaultyCommunicator::Fault fault) {
  Outcome outcome;
  run_local_ranks({.size = 4, .seed = seed, .history = &outcome.history}, [&](Communicator& communicator) {
    try {
      if (communicator.rank() != 2) return sum_some_words(communicator);
      FaultyCommunicator faulty(communicator, fault);
      sum_some_words(faulty);
    } catch (const std::exception& error) {
      outcome.errors[static_cast<std::size_t>(communicator.rank())] = error.what();
    }
  });
  return outcome;
}

constexpr FaultyCommunicator::Fault kNoFault{.at_call = ~std::uint64_t{0}};

TEST(LocalCommunicatorTest, TheSeedRepeatsTheWholeHistory) {
  const Outcome first = sum_with_fault(7, kNoFault);
  EXPECT_EQ(first, sum_with_fault(7, kNoFault));
  EXPECT_NE(first.history, sum_with_fault(8, kNoFault).history);
  const Outcome faulty = sum_with_fault(7, {.at_call = 20});
  EXPECT_EQ(faulty, sum_with_fault(7, {.at_call = 20}));
  EXPECT_NE(faulty.history, first.history);
}

TEST(LocalCommunicatorTest, TimeStandsStillWhileAnythingMoves) {
  const Outcome outcome = sum_with_fault(7, kNoFault);
  EXPECT_EQ(outcome.history.back().seconds, 0.0);
  EXPECT_EQ(outcome.errors, std::vector<std::string>(4));
}

TEST(LocalCommunicatorTest, ARankThatDiesAtAnyCallIsNamedByAllWhoMissIt) {
  const std::string lost = "rank 2 has not answered for 60 s in \"";
  for (std::uint64_t call = 0;; ++call) {
    const Outcome outcome = sum_with_fault(call, {.at_call = call});
    if (outcome.errors[2].empty()) {
      EXPECT_GT(call, 50u);
      break;
    }
    for (const int rank : {0, 1, 3}) {
      const std::string& error = outcome.errors[static_cast<std::size_t>(rank)];
      EXPECT_TRUE(error.empty() || error.starts_with(lost))
          << "rank 2 died at call " << call << "; rank " << rank << ": " << error;
    }
    EXPECT_LE(outcome.history.back().seconds, 62.0);
    EXPECT_TRUE(call > 0 || outcome.errors[0].starts_with(lost));
  }
}

TEST(LocalCommunicatorTest, ARankThatHangsIsNamedWithinVirtualSeconds) {
  const Outcome outcome = sum_with_fault(3, {.at_call = 60, .hang_seconds = 10'000.0});
  for (const int rank : {0, 1, 3})
    EXPECT_EQ(outcome.errors[static_cast<std::size_t>(rank)], "rank 2 has not answered for 60 s in \"sum, round 17\"");
}

TEST(LocalCommunicatorTest, WhoWorksLongIsNotTakenForLostAndHidesNobodyWhoIs) {
  for (const bool rank_2_dies : {false, true}) {
    std::string error;
    run_local_ranks({.size = 3, .seed = 4}, [&](Communicator& communicator) {
      // Rank 1 trains for ten minutes in steps of five seconds; the others wait for it.
      if (communicator.rank() == 1)
        for (double end = 5.0; end <= 600.0; end += 5.0) {
          while (communicator.clock().now_seconds() < end) communicator.idle();
          communicator.show_life(60.0);
        }
      if (communicator.rank() == 2 && rank_2_dies) return;
      const std::byte mine{1};
      std::vector<std::byte> all(3);
      try {
        all_gather(communicator, std::span(&mine, 1), all, {.seconds = 60.0, .step = "sum"});
      } catch (const PeerLostError& lost) {
        if (error.empty()) error = lost.what();
      }
    });
    EXPECT_EQ(error, rank_2_dies ? "rank 2 has not answered for 60 s in \"sum\"" : "");
  }
}

TEST(LocalCommunicatorTest, RanksThatWaitForEachOtherForEverEnd) {
  int lost = 0;
  run_local_ranks({.size = 3, .seed = 4}, [&](Communicator& communicator) {
    std::byte never{};
    try {
      finish(communicator, communicator.start_receive(std::span(&never, 1), {(communicator.rank() + 1) % 3, 7}),
             (communicator.rank() + 1) % 3);
    } catch (const PeerLostError&) {
      ++lost;
    }
  });
  EXPECT_EQ(lost, 3);
}

TEST(LocalCommunicatorTest, NobodyIsNamedWhereAllWaitAndNobodyKnowsForWhom) {
  std::vector<std::string> errors;
  run_local_ranks({.size = 3, .seed = 4}, [&](Communicator& communicator) {
    try {
      poll_until(communicator, {.seconds = 60.0, .step = "sum"}, [] { return WaitProgress{.awaited_rank = -1}; });
    } catch (const PeerLostError& lost) {
      errors.emplace_back(lost.what());
      EXPECT_EQ(lost.lost_rank(), -1);
    }
  });
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors.front().find("nobody is silent, but for 24"), 0u) << errors.front();
}

TEST(LocalCommunicatorTest, TheLowestFailedRankIsRethrownAfterAllHaveEnded) {
  int ended = 0;
  try {
    run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
      ++ended;
      if (communicator.rank() == 0) return;
      throw RankDied();
    });
    ADD_FAILURE() << "no failure came through";
  } catch (const RankDied&) {
    EXPECT_EQ(ended, 3);
  }
}

TEST(LocalCommunicatorTest, AnEqualNumberOfBytesOfAnotherTypeThrows) {
  run_local_ranks({.size = 1}, [](Communicator& communicator) {
    const std::vector<std::uint32_t> sent(2, 1);
    std::uint64_t received = 0;
    const Request send = communicator.start_send(std::span<const std::uint32_t>(sent), {0, 5});
    const Request receive = communicator.start_receive(std::span<std::uint64_t>(&received, 1), {0, 5});
    EXPECT_THROW(finish(communicator, receive, 0), EnvironmentError);
    finish(communicator, send, 0);
  });
}

TEST(LocalCommunicatorTest, ASendBufferThatChangesUnderWayIsCaught) {
  run_local_ranks({.size = 1}, [](Communicator& communicator) {
    std::uint32_t sent = 1;
    std::uint32_t received = 0;
    const Request send = communicator.start_send(std::span<const std::uint32_t>(&sent, 1), {0, 5});
    sent = 2;
    const Request receive = communicator.start_receive(std::span<std::uint32_t>(&received, 1), {0, 5});
    finish(communicator, receive, 0);
    EXPECT_EQ(received, 1u);
    EXPECT_THROW(finish(communicator, send, 0), InternalError);
  });
}

TEST(CapturingCommunicatorTest, SeesEveryMessage) {
  run_local_ranks({.size = 2, .seed = 5}, [](Communicator& communicator) {
    CapturingCommunicator capturing(communicator);
    RingSum ring_sum(capturing, {});
    std::vector<std::uint32_t> words{10, 20};
    const std::size_t before = capturing.captured().size();
    ring_sum.sum(std::span(words), contract_deadline());
    // Rank 0 owns the first word: it hands out its second word and the total of the first.
    const std::uint32_t own = communicator.rank() == 0 ? 20 : 10;
    ASSERT_EQ(capturing.captured().size(), before + 2);
    std::uint32_t word = 0;
    std::memcpy(&word, capturing.captured()[before].bytes.data(), sizeof word);
    EXPECT_EQ(word, own);
    std::memcpy(&word, capturing.captured()[before + 1].bytes.data(), sizeof word);
    EXPECT_EQ(word, own == 20 ? 20u : 40u);
    EXPECT_TRUE(ReservedTag::is_ring_total(capturing.captured()[before + 1].to.tag));
  });
}

/// A network that flips one bit of every total of 64-bit words that a rank sends.
class FlippingCommunicator final : public Communicator {
 public:
  explicit FlippingCommunicator(Communicator& inner) : inner_(inner) {}

  [[nodiscard]] int rank() const noexcept override { return inner_.rank(); }
  [[nodiscard]] int size() const noexcept override { return inner_.size(); }
  [[nodiscard]] Clock& clock() noexcept override { return inner_.clock(); }
  [[nodiscard]] Request start_send(ConstWords words, Peer to) override {
    if (words.type != WordType::u64 || !ReservedTag::is_ring_total(to.tag)) return inner_.start_send(words, to);
    const auto* begin = static_cast<const std::uint64_t*>(words.data);
    flipped_.emplace_back(begin, begin + words.count).back() ^= 1;
    return inner_.start_send(std::span<const std::uint64_t>(flipped_.back()), to);
  }
  [[nodiscard]] Request start_receive(Words words, Peer from) override { return inner_.start_receive(words, from); }
  [[nodiscard]] bool test(Request& request) override { return inner_.test(request); }
  void idle() override { inner_.idle(); }

 private:
  Communicator& inner_;
  std::deque<std::vector<std::uint64_t>> flipped_;
};

TEST(RingSumTest, TheSelfTestFindsAFlippedBitAndNamesTheHost) {
  try {
    run_local_ranks({.size = 3, .seed = 5}, [](Communicator& communicator) {
      FlippingCommunicator flipping(communicator);
      RingSum ring_sum(flipping, {.message_words = 100, .window_words = 4096});
      ring_sum.self_test(contract_deadline());
    });
    ADD_FAILURE() << "a flipped bit was not found";
  } catch (const EnvironmentError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("host " + host_name() + " (rank 0)"), std::string::npos) << text;
    EXPECT_NE(text.find("of 8 bytes"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace crossilo::test
