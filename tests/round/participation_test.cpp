// Aim: samples of silos at their edges: narrow lanes, weights of zero, cohorts of one; buffers that are far too large.
// Method: whole runs on LocalCommunicator with silos of known deltas, against plain double loops.
#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "round/fake_federation.hpp"

namespace crossilo::test {
namespace {

TEST(Participation, what_narrow_lanes_owe_a_silo_waits_until_its_turn) {
  FakeRun run{.silos = 8, .rounds = 60, .lane_bits = 8, .delta_size = 0x1p-10f, .silos_per_round = 4};
  run.weight = [](SiloId) { return std::uint64_t{10}; };
  const FakeResult result = run_on(2, run).front();
  std::vector<double> model(run.parameters);
  for (std::size_t i = 0; i < model.size(); ++i) {
    model[i] = known_value(99, 0, i);
    for (std::uint32_t round = 1; round <= run.rounds; ++round)
      for (const SiloId silo : result.records[round - 1].ticket.cohort.silos)
        model[i] += 0.25 * run.delta_size * known_value(silo.value, round, i);
  }
  // Less than one unit is owed to each of eight silos; were it dropped, sixty rounds would walk further.
  for (std::size_t i = 0; i < model.size(); ++i)
    ASSERT_NEAR(result.last[i], model[i], 8.0 * 0x1p-7 / (127.0 - 4.0) + 1e-6) << i;
}

TEST(Participation, lanes_must_hold_the_cohort_and_no_more) {
  EXPECT_THROW(run_on(1, {.silos = 30, .rounds = 0, .lane_bits = 8}), ConfigError);
  FakeRun run{.silos = 30, .rounds = 3, .lane_bits = 8, .silos_per_round = 14};
  EXPECT_NO_THROW(run_on(1, run));
  // Fewer silos with a weight than a round wants: those, and not the others too.
  run.weight = [](SiloId silo) { return std::uint64_t{silo.value < 12 ? 10u : 0u}; };
  EXPECT_EQ(run_on(1, run).front().records[0].ticket.cohort.size(), 12u);
}

TEST(Participation, a_masked_cohort_of_one_is_never_opened) {
  EXPECT_THROW(run_on(2, {.silos = 4, .silos_per_round = 1}), InternalError);
  EXPECT_NO_THROW(run_on(1, {.silos = 4, .silos_per_round = 1}));  // one rank: nobody to hide from
}

TEST(Participation, no_weight_at_all_is_refused) {
  EXPECT_THROW(run_on(3, {.silos = 3, .weight = [](SiloId) { return std::uint64_t{0}; }}), DataError);
}

TEST(Participation, a_silo_whose_buffer_is_not_finite_abstains) {
  const FakeResult result = run_on(5, {.parameters = 103, .broken_silo = SiloId{2}, .buffers = 3}).front();
  EXPECT_EQ(result.records[0].abstentions, 0u);
  EXPECT_EQ(result.records[1].abstentions, 1u);
}

TEST(Participation, buffers_travel_wide_beside_narrow_lanes_and_do_not_move_their_bound) {
  FakeRun run{.silos = 4, .parameters = 203, .lane_bits = 16, .delta_size = 0x1p-10f, .buffers = 3};
  const FakeResult small = run_on(2, run).front();
  run.buffer_size = 0x1p24f;  // beyond their bound of 4096
  const FakeResult large = run_on(2, run).front();
  EXPECT_GT(large.records[0].clamped_parameters, 0u);
  for (const FakeResult* result : {&small, &large})
    for (std::size_t round = 1; round < 3; ++round) {
      const std::vector<LaneChoice>& lanes = result->records[round].ticket.lanes;
      ASSERT_EQ(lanes.size(), 2u);
      EXPECT_EQ(lanes[0].lane_bits, 16u);
      EXPECT_EQ(lanes[0].bound, small.records[round].ticket.lanes[0].bound);
      EXPECT_EQ(lanes[1].lane_bits, 32u);
      EXPECT_EQ(lanes[1].bound, 4096.0);
    }
}

TEST(Patience, counts_less_than_a_signal) {
  std::vector<FakeResult> results(3);
  run_local_ranks({.size = 3, .seed = 2}, [&](Communicator& communicator) {
    FakeRun run{.silos = 3, .rounds = 50, .delta_size = 0.0f, .stop = {.patience_rounds = 2}};
    const bool is_asked = communicator.rank() == 2;
    run.wants_stop = [is_asked](std::uint32_t round) { return is_asked && round == 4; };
    results[static_cast<std::size_t>(communicator.rank())] = run_fake(communicator, run);
  });
  for (const FakeResult& result : results) EXPECT_EQ(result.records[3].ticket.stop, StopReason::signal);
}

}  // namespace
}  // namespace crossilo::test
