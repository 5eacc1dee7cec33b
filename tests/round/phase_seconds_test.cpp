// Aim: all ranks learn alike which rank took longest in each phase of the round before, with no message of its own.
// Method: opens with made-up seconds; whole runs on LocalCommunicator, where each rank's own record must agree.
#include <gtest/gtest.h>

#include <algorithm>

#include "crossilo/comm/local_communicator.hpp"
#include "round/small_federation.hpp"

namespace crossilo::test {
namespace {

TEST(PhaseSeconds, open_tells_the_longest_of_each_phase_and_whose_it_was) {
  std::vector<SlowestRanks> seen(3);
  run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const OwnFacts facts = facts_of({.silos = 3}, 3, rank);
    const X25519 key;
    Roster roster = exchange_hello(communicator, facts, key, {.seconds = 5.0, .step = "hello"});
    SumSession session(communicator, std::move(roster), std::make_unique<NoMask>(), {.peer_seconds_max = 5.0});
    (void)session.open({.round = {18},
                        .timed_round = {17},
                        .seconds = {.open = 90.0,
                                    .train = 1.0 + rank,
                                    .sum = 3.0 - rank,
                                    .evaluate = rank == 1 ? 0.5 : 0.25,
                                    .checkpoint = 2.0}});
    seen[static_cast<std::size_t>(rank)] = session.slowest();
  });
  for (const SlowestRanks& slowest : seen) {
    EXPECT_EQ(slowest.round.value, 17u);
    EXPECT_EQ(slowest.seconds_max, (std::array{3.0, 0.0, 0.0, 3.0, 0.0, 0.5, 2.0}));
    EXPECT_EQ(slowest.rank, (std::array{2, 0, 0, 0, 0, 1, 0}));
    EXPECT_EQ(slowest.sum_seconds_min, 1.0);
  }
}

/// That record `next` of every rank tells the longest of what the ranks noted in record `next - 1`.
void expect_told(const std::vector<FakeResult>& results, std::size_t next) {
  const SlowestRanks& told = results.front().records[next].slowest;
  EXPECT_EQ(told.round.value, next);
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase) {
    const auto seconds = [&](const FakeResult& result) {
      return result.records[next - 1].seconds.*kPhases[phase].seconds;
    };
    const auto slowest = std::ranges::max_element(results, {}, seconds);
    EXPECT_EQ(told.seconds_max[phase], seconds(*slowest)) << kPhases[phase].name << ", round " << next;
    EXPECT_EQ(told.rank[phase], slowest - results.begin()) << kPhases[phase].name << ", round " << next;
  }
  for (const FakeResult& result : results) EXPECT_EQ(result.records[next].slowest.seconds_max, told.seconds_max);
}

TEST(PhaseSeconds, a_record_tells_those_of_the_round_before_and_the_closing_one_those_of_the_last) {
  const std::vector<FakeResult> results = run_on(4, {.silos = 4, .rounds = 3});
  EXPECT_EQ(results.front().records.front().slowest.round.value, 0u);  // the evaluation of the initial model
  ASSERT_EQ(results.front().records.size(), 4u);
  for (std::size_t next = 1; next < 4; ++next) expect_told(results, next);
}

TEST(PhaseSeconds, are_told_once_more_after_a_stop) {
  const std::vector<FakeResult> results =
      run_on(2, {.rounds = 5, .wants_stop = [](std::uint32_t round) { return round == 3; }});
  const std::vector<RoundRecord>& records = results.front().records;
  ASSERT_EQ(records.size(), 4u);  // two rounds, the stopped one, the last evaluation
  EXPECT_EQ(records.back().slowest.round.value, 2u);
  std::vector<FakeResult> without_stopped = results;
  for (FakeResult& result : without_stopped) result.records.erase(result.records.begin() + 2);
  expect_told(without_stopped, 2);
}

TEST(PhaseSeconds, count_the_checkpoint_into_the_round_before_it) {
  const auto [model, watcher] = train(2, {.rounds = 2, .checkpoint_every_rounds = 1});
  constexpr std::size_t kCheckpoint = kPhases.size() - 1;
  ASSERT_EQ(watcher.records.size(), 3u);
  EXPECT_EQ(watcher.records[0].slowest.seconds_max[kCheckpoint], 0.0);
  EXPECT_GT(watcher.records[1].slowest.seconds_max[kCheckpoint], 0.0);
  EXPECT_GT(watcher.records[2].slowest.seconds_max[kCheckpoint], 0.0);
}

}  // namespace
}  // namespace crossilo::test
