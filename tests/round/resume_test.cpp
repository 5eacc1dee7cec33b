// Aim: a run that goes on from the state after any round ends with the same bits as one that was never interrupted.
// Method: whole runs on LocalCommunicator; each state is taken up again by a new federation, and all records compared.
#include "crossilo/base/error.hpp"
#include "round/small_federation.hpp"

namespace crossilo::test {
namespace {

std::unique_ptr<ServerOptimizer> fed_adam(std::size_t weights) {
  return std::make_unique<FedOpt>(FedOpt::Options{}, weights);
}

void expect_equal(const EvaluationSums& a, const EvaluationSums& b) {
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.correct, b.correct);
  EXPECT_EQ(a.scores.positive, b.scores.positive);
}

void expect_equal(const TrainedModel& a, const TrainedModel& b) {
  EXPECT_EQ(a.stop, b.stop);
  for (const auto model : {&TrainedModel::last, &TrainedModel::best}) {
    EXPECT_EQ((a.*model).round, (b.*model).round);
    EXPECT_EQ((a.*model).parameters, (b.*model).parameters);
    expect_equal((a.*model).evaluation.held_back, (b.*model).evaluation.held_back);
    expect_equal((a.*model).evaluation.test, (b.*model).evaluation.test);
  }
}

void expect_same_rest(const Watcher& whole, const Watcher& rest) {
  const std::size_t done = whole.records.size() - rest.records.size();
  for (std::size_t i = 0; i < rest.records.size(); ++i) {
    const RoundRecord& expected = whole.records[done + i];
    const RoundRecord& found = rest.records[i];
    EXPECT_EQ(found.ticket.round, expected.ticket.round);
    EXPECT_EQ(found.model, expected.model);
    EXPECT_EQ(found.ticket.cohort.silos, expected.ticket.cohort.silos);
    ASSERT_EQ(found.ticket.lanes.size(), expected.ticket.lanes.size());
    for (std::size_t lane = 0; lane < found.ticket.lanes.size(); ++lane)
      EXPECT_EQ(found.ticket.lanes[lane].bound, expected.ticket.lanes[lane].bound);
    EXPECT_EQ(found.parent_is_best, expected.parent_is_best);
    expect_equal(found.parent_evaluation.held_back, expected.parent_evaluation.held_back);
  }
  EXPECT_EQ(rest.states.back().view().chain, whole.states.back().view().chain);
}

class Resume : public testing::TestWithParam<Case> {};

TEST_P(Resume, ends_with_the_same_bits_from_every_round) {
  Case run = GetParam();
  run.checkpoint_every_rounds = 1;
  const auto [whole, watcher] = train(2, run);
  ASSERT_GE(watcher.states.size(), 6u);
  for (const KeptState& kept : watcher.states) {
    const FederationState state = kept.view();
    run.resumed = &state;
    if (run.lane_bits == 8) run.remainders = watcher.remainders.at(state.round);
    const auto [resumed, rest] = train(3, run);  // on another layout, too
    expect_equal(resumed, whole);
    EXPECT_EQ(rest.records.size(), watcher.records.size() - state.round.value);
    if (!rest.states.empty()) expect_same_rest(watcher, rest);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Strategies, Resume,
    testing::Values(Case{.delta_size = 0.5f, .rounds = 7},
                    Case{.delta_size = 0.5f, .rounds = 7, .make_server_optimizer = fed_adam},
                    Case{.delta_size = 0.5f, .silos_per_round = 3, .rounds = 8, .evaluate_every_rounds = 3},
                    Case{.delta_size = 0.5f, .rounds = 7, .lane_bits = 16},
                    Case{.delta_size = 0.5f, .silos_per_round = 3, .rounds = 7, .lane_bits = 8},
                    Case{.stop = {.patience_rounds = 5}, .delta_size = 0.0f, .rounds = 20}));

TEST(Resume, makes_a_finished_run_longer) {
  const auto [whole, watcher] = train(2, {.delta_size = 0.5f, .rounds = 9});
  const auto [half, half_watcher] = train(2, {.delta_size = 0.5f, .rounds = 4});
  ASSERT_EQ(half_watcher.states.size(), 1u);  // the last one comes without being asked for
  const FederationState state = half_watcher.states.front().view();
  EXPECT_EQ(state.round.value, 4u);
  expect_equal(train(2, {.delta_size = 0.5f, .rounds = 9, .resumed = &state}).first, whole);
  const auto [again, none] = train(2, {.delta_size = 0.5f, .rounds = 4, .resumed = &state});
  expect_equal(again, half);  // nothing is left to train
  EXPECT_EQ(none.records.size(), 1u);
}

TEST(Resume, needs_the_private_state_of_narrow_lanes) {
  const Case run{.delta_size = 0.5f, .rounds = 6, .lane_bits = 8, .checkpoint_every_rounds = 1};
  const auto [whole, watcher] = train(2, run);
  const FederationState state = watcher.states.at(3).view();
  ASSERT_EQ(watcher.remainders.at(state.round).size(), run.silos);
  Case without = run;
  without.resumed = &state;
  EXPECT_NE(train(2, without).first.last.parameters, whole.last.parameters);
}

TEST(Resume, refuses_rows_that_have_changed) {
  const auto [model, watcher] = train(2, {.rounds = 2});
  const FederationState state = watcher.states.front().view();
  EXPECT_THROW(train(2, {.rounds = 4, .resumed = &state, .rows_seed = 100}), DataError);
}

}  // namespace
}  // namespace crossilo::test
