// Aim: a whole run refuses what cannot be judged before it starts, ends when patience does, and stops when all diverge.
// Method: train_federation on LocalCommunicator with silos of known deltas and made-up rows.
#include "crossilo/round/federation.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "round/fake_federation.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {
namespace {

struct Case {
  std::size_t silos = 4;
  Task task = Task::binary;
  std::size_t train_rows = 40;  // of each silo
  StopRule::Options stop{};
  float delta_size = 0.0f;
  std::size_t silos_per_round = 0;
  std::uint32_t rounds = 20;
};

class Watcher final : public RunObserver {
 public:
  void on_start(const RunStart&) override { has_started = true; }
  void on_round(const RoundRecord& record) override { records.push_back(record); }
  bool has_started = false;
  std::vector<RoundRecord> records;
};

TrainedModel train_on(Communicator& communicator, const Case& run, Watcher& watcher) {
  constexpr std::size_t kParameters = 20;
  FederationSetup setup;
  setup.facts = facts_of({.silos = run.silos}, communicator.size(), communicator.rank());
  std::vector<std::unique_ptr<FakeSilo>> silos;
  std::vector<std::unique_ptr<Dataset>> datasets;
  for (const HostedSiloFacts& hosted : setup.facts.hosted) {
    silos.push_back(std::make_unique<FakeSilo>(hosted.id, run.delta_size));
    datasets.push_back(std::make_unique<Dataset>(
        random_silo(schema(run.task, 3, run.task == Task::multiclass ? 3 : 2), run.train_rows, 5, hosted.id.value),
        public_root(1), hosted.id));
    setup.silos.push_back(silos.back().get());
    setup.datasets.push_back(datasets.back().get());
  }
  const std::vector<float> initial(kParameters);
  setup.initial = initial;
  setup.parameters = {.weights = kParameters};
  setup.root = public_root(1);
  setup.rounds = run.rounds;
  setup.stop = run.stop;
  setup.silos_per_round = run.silos_per_round;
  setup.noise = std::make_unique<NoNoise>();
  setup.server_optimizer = std::make_unique<FedAvg>(1.0);
  const SiloId own = setup.facts.hosted.front().id;
  setup.make_mask = [own](const Roster& roster, const X25519& key) { return make_mask(roster, key, own); };
  setup.session.peer_seconds_max = 5.0;
  return train_federation(
      communicator, std::move(setup), [] { return false; }, watcher);
}

/// Every rank must end alike; the first rank's view is returned.
std::pair<TrainedModel, Watcher> train(int ranks, const Case& run) {
  std::vector<Watcher> watchers(static_cast<std::size_t>(ranks));
  std::vector<TrainedModel> models(static_cast<std::size_t>(ranks));
  run_local_ranks({.size = ranks, .seed = 4}, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    models[rank] = train_on(communicator, run, watchers[rank]);
  });
  for (const TrainedModel& model : models) {
    EXPECT_EQ(model.last.parameters, models.front().last.parameters);
    EXPECT_EQ(model.best.round, models.front().best.round);
    EXPECT_EQ(model.stop, models.front().stop);
  }
  return {models.front(), watchers.front()};
}

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
