// Aim: a whole run refuses what cannot be judged before it starts, ends when patience does, and stops when all diverge.
// Method: train_federation on LocalCommunicator with silos of known deltas and made-up rows.
#include <limits>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/cuda.hpp"
#include "round/small_federation.hpp"

namespace crossilo::test {
namespace {

template <class ErrorType>
std::string refusal_of(int ranks, const Case& run) {
  Watcher watcher;
  try {
    run_local_ranks({.size = ranks, .seed = 4},
                    [&](Communicator& communicator) { (void)train_on(communicator, run, watcher); });
  } catch (const ErrorType& error) {
    return error.what();
  }
  return "";
}

TEST(Federation, an_auc_on_too_few_held_back_rows_is_refused_before_the_first_round) {
  // 15 % of 4 x 40 rows are 24.
  const std::string text = refusal_of<ConfigError>(2, {.stop = {.metric = StopMetric::auc}});
  EXPECT_NE(text.find("hold back 24 rows"), std::string::npos) << text;
}

TEST(Federation, patience_without_held_back_rows_is_refused) {
  const std::string text = refusal_of<ConfigError>(2, {.train_rows = 3, .stop = {.patience_rounds = 2}});
  EXPECT_NE(text.find("stop.patience_rounds = 2"), std::string::npos) << text;
}

TEST(Federation, a_silo_that_trains_and_evaluates_long_is_not_taken_for_lost) {
  const Case quick{.delta_size = 0.5f, .rounds = 2};
  Case slow = quick;
  slow.has_slow_rank = true;
  EXPECT_EQ(train(4, slow).first.last.parameters, train(4, quick).first.last.parameters);
}

TEST(Federation, a_rank_that_keeps_states_for_long_is_not_taken_for_lost) {
  const Case quick{.delta_size = 0.5f, .rounds = 2, .lane_bits = 16, .checkpoint_every_rounds = 1};
  Case slow = quick;
  slow.has_slow_disk = true;
  EXPECT_EQ(train(4, slow).first.last.parameters, train(4, quick).first.last.parameters);
}

TEST(Federation, ends_when_patience_does_and_says_so) {
  const auto [model, watcher] = train(4, {.stop = {.patience_rounds = 3}});
  EXPECT_EQ(model.stop, StopReason::patience);
  EXPECT_EQ(model.last.round.value, 4u);  // models 1 to 3 are no better than the first; round 4 told of the third
  EXPECT_EQ(model.best.round.value, 0u);
  EXPECT_EQ(watcher.records.size(), 5u);
}

TEST(Federation, a_hundred_silos_of_which_ten_train_are_alike_on_every_layout) {
  const Case run{.silos = 100, .train_rows = 12, .delta_size = 0.5f, .silos_per_round = 10, .rounds = 5};
  const auto [one, watcher] = train(1, run);
  for (const int ranks : {2, 7}) EXPECT_EQ(train(ranks, run).first.last.parameters, one.last.parameters);
  ASSERT_TRUE(watcher.has_started);
  for (std::size_t round = 0; round < 5; ++round) EXPECT_EQ(watcher.records[round].ticket.cohort.size(), 10u);
  EXPECT_EQ(one.last.evaluation.held_back.rows, 100 * 10.0 + 99 * 100 / 2.0);
}

TEST(Federation, a_gpu_without_cuda_is_refused) {
  if (is_built_with_cuda()) GTEST_SKIP() << "this is built with CUDA";
  const std::string text = refusal_of<EnvironmentError>(2, {.has_device = true});
  EXPECT_NE(text.find("is built without "), std::string::npos) << text;
}

TEST(Federation, links_are_told_once_behind_the_first_round_of_each_start) {
  EXPECT_TRUE(train(3, {.rounds = 2}).second.links.empty()) << "one site has none";
  Case run{.rounds = 3, .checkpoint_every_rounds = 1, .site_of_rank = {"east", "west", "east", "north"}};
  const auto [model, watcher] = train(4, run);
  ASSERT_EQ(watcher.links.size(), 1u);
  const auto& [round, links] = *watcher.links.begin();
  EXPECT_EQ(round.value, 1u);
  ASSERT_EQ(links.size(), 3u);
  for (const SiteLink& link : links) EXPECT_TRUE(link.round_trip_seconds) << link.site << " and " << link.other_site;
  EXPECT_EQ(train(4, {.rounds = 3}).first.last.parameters, model.last.parameters);

  const FederationState state = watcher.states.at(1).view();
  run.resumed = &state;
  const auto [resumed_model, resumed] = train(4, run);
  ASSERT_EQ(resumed.links.size(), 1u);
  EXPECT_EQ(resumed.links.begin()->first.value, 3u);
}

// Fault 26, with one such round allowed: nothing was applied, and the same start would diverge again.
TEST(Federation, a_round_in_which_nobody_is_finite_ends_the_run) {
  for (const std::size_t silos_per_round : {std::size_t{0}, std::size_t{2}}) {
    const Case run{.delta_size = std::numeric_limits<float>::quiet_NaN(), .silos_per_round = silos_per_round};
    const std::string text = refusal_of<DivergedError>(4, run);
    EXPECT_NE(text.find("round 1: the model delta of every silo that trained is not finite"), std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace crossilo::test
