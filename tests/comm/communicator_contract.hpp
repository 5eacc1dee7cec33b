// Aim: what every communicator promises (messages, deadlines, windows of a node), and what stands on it alone:
// all_gather and the sum of ring words.
// Method: one typed suite; a Backend runs a function as every rank. Sums are compared bitwise with a plain loop.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "comm/sum_oracle.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo::test {

template <class Backend>
class CommunicatorContract : public ::testing::Test {};

TYPED_TEST_SUITE_P(CommunicatorContract);

TYPED_TEST_P(CommunicatorContract, MessagesOfOneTagArriveInOrder) {
  TypeParam::run([](Communicator& communicator) {
    constexpr int kMessages = 10;
    const int size = communicator.size();
    const auto text = [](int from, int to, int tag, int index) {
      return static_cast<std::uint64_t>(((from * 100 + to) * 100 + tag) * 100 + index);
    };
    std::vector<std::uint64_t> sent;
    std::vector<std::uint64_t> received(static_cast<std::size_t>(size * 2 * kMessages));
    sent.reserve(received.size());
    std::vector<Request> requests;
    std::vector<int> ranks;
    for (int peer = 0; peer < size; ++peer)
      for (int tag = 0; tag < 2; ++tag)
        for (int i = 0; i < kMessages; ++i) {
          sent.push_back(text(communicator.rank(), peer, tag, i));
          requests.push_back(communicator.start_send(std::span<const std::uint64_t>(&sent.back(), 1), {peer, tag}));
          ranks.push_back(peer);
        }
    // Receives of the second tag are posted first: tags must not get into each other's way.
    for (int peer = 0; peer < size; ++peer)
      for (int tag = 1; tag >= 0; --tag)
        for (int i = 0; i < kMessages; ++i) {
          std::uint64_t& place = received[static_cast<std::size_t>((peer * 2 + tag) * kMessages + i)];
          requests.push_back(communicator.start_receive(std::span<std::uint64_t>(&place, 1), {peer, tag}));
          ranks.push_back(peer);
        }
    wait_all(communicator, requests, ranks, contract_deadline());
    std::size_t next = 0;
    for (int peer = 0; peer < size; ++peer)
      for (int tag = 0; tag < 2; ++tag)
        for (int i = 0; i < kMessages; ++i)
          EXPECT_EQ(received[next++], text(peer, communicator.rank(), tag, i)) << "tag " << tag << " message " << i;
    for (const Request& request : requests) EXPECT_TRUE(request.done());
  });
}

TYPED_TEST_P(CommunicatorContract, LargeMessagesArriveWhole) {
  TypeParam::run([](Communicator& communicator) {
    const int to = (communicator.rank() + 1) % communicator.size();
    const int from = (communicator.rank() + communicator.size() - 1) % communicator.size();
    const auto sent = contribution_of<std::uint32_t>(communicator.rank(), 300'007);
    std::vector<std::uint32_t> received(sent.size());
    std::vector<Request> requests{communicator.start_send(std::span<const std::uint32_t>(sent), {to, 3}),
                                  communicator.start_receive(std::span<std::uint32_t>(received), {from, 3})};
    const std::vector<int> ranks{to, from};
    wait_all(communicator, requests, ranks, contract_deadline());
    EXPECT_EQ(received, contribution_of<std::uint32_t>(from, sent.size()));
  });
}

TYPED_TEST_P(CommunicatorContract, EmptyMessagesAndMessagesToOneselfArrive) {
  TypeParam::run([](Communicator& communicator) {
    const int self = communicator.rank();
    std::uint32_t sent = 17;
    std::uint32_t received = 0;
    std::vector<Request> requests{
        communicator.start_receive(std::span<std::uint32_t>(), {self, 4}),
        communicator.start_receive(std::span<std::uint32_t>(&received, 1), {self, 4}),
        communicator.start_send(std::span<const std::uint32_t>(), {self, 4}),
        communicator.start_send(std::span<const std::uint32_t>(&sent, 1), {self, 4}),
    };
    const std::vector<int> ranks(4, self);
    wait_all(communicator, requests, ranks, contract_deadline());
    EXPECT_EQ(received, 17u);
  });
}

TYPED_TEST_P(CommunicatorContract, AnotherCountOrTypeThrows) {
  TypeParam::run([](Communicator& communicator) {
    const int self = communicator.rank();
    const std::vector<std::uint32_t> sent(4, 1);
    std::vector<std::uint32_t> received(8);
    for (const std::size_t expected : {3u, 5u, 0u}) {
      Request send = communicator.start_send(std::span<const std::uint32_t>(sent), {self, 5});
      Request receive = communicator.start_receive(std::span(received).first(expected), {self, 5});
      EXPECT_THROW(finish(communicator, receive, self), EnvironmentError) << expected;
      finish(communicator, send, self);
    }
    Request send = communicator.start_send(std::span<const std::uint32_t>(sent), {self, 5});
    Request receive = communicator.start_receive(std::as_writable_bytes(std::span(received)).first(4), {self, 5});
    EXPECT_THROW(finish(communicator, receive, self), EnvironmentError);
    finish(communicator, send, self);
    // The communicator is still of use.
    send = communicator.start_send(std::span<const std::uint32_t>(sent), {self, 5});
    receive = communicator.start_receive(std::span(received).first(4), {self, 5});
    finish(communicator, receive, self);
    finish(communicator, send, self);
    EXPECT_EQ(received[3], 1u);
  });
}

TYPED_TEST_P(CommunicatorContract, ASilentRankIsNamedWithItsStep) {
  TypeParam::run([](Communicator& communicator) {
    const int silent = communicator.size() - 1;
    if (silent == 0) return;  // alone, nobody can be silent
    constexpr int kAwaited = 6;
    constexpr int kNamed = 7;
    std::uint32_t word = 0;
    if (communicator.rank() == silent) {
      // It speaks once all have named it, so that nothing stays under way. It gives no sign of life in so short a wait.
      for (int peer = 0; peer < silent; ++peer)
        finish(communicator, communicator.start_receive(std::span(&word, 1), {peer, kNamed}), peer);
      for (int peer = 0; peer < silent; ++peer)
        finish(communicator, communicator.start_send(std::span<const std::uint32_t>(&word, 1), {peer, kAwaited}), peer);
      return;
    }
    const Deadline deadline{.seconds = 2.0, .step = "sum", .round = RoundIndex{17}};
    const double begun_seconds = communicator.clock().now_seconds();
    Request awaited = communicator.start_receive(std::span(&word, 1), {silent, kAwaited});
    try {
      wait_all(communicator, std::span(&awaited, 1), std::span(&silent, 1), deadline);
      ADD_FAILURE() << "a message arrived that was not sent";
    } catch (const PeerLostError& error) {
      EXPECT_EQ(error.lost_rank(), silent);
      EXPECT_EQ(std::string(error.what()),
                "rank " + std::to_string(silent) + " has not answered for 2 s in \"sum, round 17\"");
    }
    const double waited_seconds = communicator.clock().now_seconds() - begun_seconds;
    EXPECT_GE(waited_seconds, deadline.seconds);
    EXPECT_LT(waited_seconds, contract_deadline().seconds);
    const std::uint32_t named = 17;
    finish(communicator, communicator.start_send(std::span(&named, 1), {silent, kNamed}), silent);
    finish(communicator, awaited, silent);
    EXPECT_EQ(word, 17u);
  });
}

/// The ranks that may open a window together with this one, in ascending order.
inline std::vector<int> ranks_of_own_node(Communicator& communicator) {
  const int own = communicator.node();
  std::vector<int> nodes(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(nodes)),
             contract_deadline());
  std::vector<int> ranks;
  for (int rank = 0; rank < communicator.size(); ++rank)
    if (nodes[static_cast<std::size_t>(rank)] == own) ranks.push_back(rank);
  return ranks;
}

/// Until every member of the window has set a counter to `value` or beyond.
inline void await_counter(Communicator& communicator, const NodeWindow& window, const std::vector<int>& ranks,
                          std::size_t counter, std::uint64_t value) {
  poll_until(communicator, contract_deadline(), [&] {
    WaitProgress progress{.finished = true};
    for (std::size_t member = 0; member < ranks.size(); ++member)
      if (window.read(member, counter) < value) progress = {.finished = false, .awaited_rank = ranks[member]};
    return progress;
  });
}

TYPED_TEST_P(CommunicatorContract, AWindowShowsWhatItsOwnerWroteBeforeItPosted) {
  TypeParam::run([](Communicator& communicator) {
    constexpr std::size_t kWritten = 0;
    constexpr std::size_t kRead = 2;
    const std::vector<int> ranks = ranks_of_own_node(communicator);
    const auto own = static_cast<std::size_t>(std::ranges::find(ranks, communicator.rank()) - ranks.begin());
    for (const std::size_t count : {std::size_t{5}, std::size_t{30'011}}) {  // the second has memory of its own
      const std::size_t bytes = count * sizeof(std::uint32_t);
      const auto window = communicator.open_node_window(ranks, bytes, contract_deadline());
      for (std::size_t counter = 0; counter < NodeWindow::kCounters; ++counter)
        EXPECT_EQ(window->read(own, counter), 0u);
      for (std::uint64_t time = 1; time <= 20; ++time) {
        const auto words_of = [&](std::size_t member) {
          return contribution_of<std::uint32_t>(ranks[member] + 100 * static_cast<int>(time), count);
        };
        std::memcpy(window->region(own).data(), words_of(own).data(), bytes);
        window->post(kWritten, time);
        await_counter(communicator, *window, ranks, kWritten, time);
        for (std::size_t member = 0; member < ranks.size(); ++member) {
          const std::span<const std::byte> region = window->region(member);
          ASSERT_EQ(region.size(), bytes);
          EXPECT_EQ(reinterpret_cast<std::uintptr_t>(region.data()) % 64, 0u);
          EXPECT_EQ(std::memcmp(region.data(), words_of(member).data(), bytes), 0)
              << "the region of rank " << ranks[member] << " at time " << time;
        }
        window->post(kRead, time);  // from then on others may write anew
        await_counter(communicator, *window, ranks, kRead, time);
        EXPECT_EQ(window->read(own, 1), 0u) << "a counter that nobody posted";
      }
    }
  });
}

TYPED_TEST_P(CommunicatorContract, AllGatherKeepsTheOrderOfRanks) {
  TypeParam::run([](Communicator& communicator) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{20'000}}) {
      const std::vector<std::byte> mine(bytes, static_cast<std::byte>(communicator.rank() + 1));
      std::vector<std::byte> all(bytes * static_cast<std::size_t>(communicator.size()));
      all_gather(communicator, mine, all, contract_deadline());
      for (std::size_t i = 0; i < all.size(); ++i)
        ASSERT_EQ(all[i], static_cast<std::byte>(i / bytes + 1)) << bytes << " bytes, place " << i;
    }
  });
}

TYPED_TEST_P(CommunicatorContract, RingSumEqualsThePlainSumBitForBit) {
  TypeParam::run([](Communicator& communicator) {
    for (const RingSum::Options& options :
         {RingSum::Options{.message_words = 7, .window_words = 256},
          RingSum::Options{.message_words = 64, .window_words = 1024, .flat_words_max = 0},
          RingSum::Options{.message_words = 64, .window_words = 1 << 14, .shares_memory = false}}) {
      RingSum ring_sum(communicator, options);
      for (const std::size_t count : {0u, 1u, 2u, 5u, 1000u}) {
        expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, count);
        expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, count);
      }
    }
    RingSum ring_sum(communicator, {.message_words = 1 << 12, .window_words = 1 << 16});
    expect_sum_equals_oracle<std::uint32_t>(communicator, ring_sum, 100'003);
    expect_sum_equals_oracle<std::uint64_t>(communicator, ring_sum, 100'003);
  });
}

TYPED_TEST_P(CommunicatorContract, RingSumSendsNoByteTooMany) {
  TypeParam::run([](Communicator& communicator) {
    const auto size = static_cast<std::size_t>(communicator.size());
    std::vector<std::uint32_t> words(size * 160, 1);  // whole cache lines for each
    for (const bool shares_memory : {true, false}) {
      RingSum ring_sum(communicator, {.window_words = 4096, .shares_memory = shares_memory});
      ring_sum.sum(std::span(words), contract_deadline());
      const std::vector<int>& nodes = ring_sum.shape().node_of_rank;
      const auto neighbours = static_cast<std::size_t>(std::ranges::count(nodes, nodes.front()));
      if (shares_memory && neighbours != size && neighbours != 1) continue;  // some go two ways
      EXPECT_EQ(ring_sum.bytes_sent(), 2 * (size - 1) * 160 * sizeof(std::uint32_t));
    }
  });
}

TYPED_TEST_P(CommunicatorContract, RingSumTestsItself) {
  TypeParam::run([](Communicator& communicator) {
    RingSum ring_sum(communicator, {.message_words = 100, .window_words = 4096});
    EXPECT_NO_THROW(ring_sum.self_test(contract_deadline()));
  });
}

REGISTER_TYPED_TEST_SUITE_P(CommunicatorContract, MessagesOfOneTagArriveInOrder, LargeMessagesArriveWhole,
                            EmptyMessagesAndMessagesToOneselfArrive, AnotherCountOrTypeThrows,
                            ASilentRankIsNamedWithItsStep, AWindowShowsWhatItsOwnerWroteBeforeItPosted,
                            AllGatherKeepsTheOrderOfRanks, RingSumEqualsThePlainSumBitForBit, RingSumSendsNoByteTooMany,
                            RingSumTestsItself);

}  // namespace crossilo::test
