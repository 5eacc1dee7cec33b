// Aim: small whole federations without torch: fake silos over made-up rows, each rank's view recorded.
// Method: train_federation on LocalCommunicator.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/round/federation.hpp"
#include "round/fake_federation.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {

struct Case {
  std::size_t silos = 4;
  Task task = Task::binary;
  std::size_t train_rows = 40;  // of each silo
  StopRule::Options stop{};
  float delta_size = 0.0f;
  std::size_t silos_per_round = 0;
  std::uint32_t rounds = 20;
  std::uint32_t evaluate_every_rounds = 1;
  unsigned lane_bits = 32;
  std::function<std::unique_ptr<ServerOptimizer>(std::size_t weights)> make_server_optimizer = [](std::size_t) {
    return std::make_unique<FedAvg>(1.0);
  };
  std::uint32_t checkpoint_every_rounds = 0;
  const FederationState* resumed = nullptr;
  std::uint64_t rows_seed = 0;                        // other rows with another one
  std::map<SiloId, std::vector<float>> remainders{};  // that a resumed run takes up
  std::vector<SiloId> missing{};                      // then each rank hosts one of the others
  bool is_masked = true;
  bool has_slow_rank = false;  // its silos train and evaluate for longer than its peers would wait for silence
  bool has_slow_disk = false;  // rank 1 keeps states for longer than its peers would wait for silence
  bool has_device = false;     // each rank a GPU of its own
  std::vector<std::string> site_of_rank{};  // empty: one site
};

/// A copy of a state that outlives its round.
class KeptState {
 public:
  explicit KeptState(const FederationState& state)
      : state_(state),
        parameters_(state.parameters.begin(), state.parameters.end()),
        best_(state.best_parameters.begin(), state.best_parameters.end()),
        rows_(*state.rows) {
    for (const std::span<const float> vector : state.server) server_.emplace_back(vector.begin(), vector.end());
  }
  [[nodiscard]] FederationState view() const {
    FederationState state = state_;
    state.parameters = parameters_;
    state.best_parameters = best_;
    state.rows = &rows_;
    state.server.assign(server_.begin(), server_.end());
    return state;
  }

 private:
  FederationState state_;
  std::vector<float> parameters_;
  std::vector<float> best_;
  FederatedRows rows_;
  std::vector<std::vector<float>> server_;
};

class Watcher final : public RunObserver {
 public:
  void on_start(const RunStart& start) override {
    has_started = true;
    show_life = start.show_life;
  }
  void on_round(const RoundRecord& record) override { records.push_back(record); }
  void on_links(RoundIndex round, std::span<const SiteLink> measured) override {
    EXPECT_EQ(records.back().ticket.round, round);
    links[round].assign(measured.begin(), measured.end());
  }
  void on_private_state(RoundIndex round, const Hash256&) override {
    work();
    for (const Silo* silo : silos)
      remainders[round][silo->id()].assign(silo->remainder().begin(), silo->remainder().end());
  }
  void on_state(const FederationState& state) override {
    work();
    states.emplace_back(state);
  }
  void work() const {
    for (int step = 0; step < steps_of_keeping; ++step) {
      idle();
      show_life();
    }
  }
  int steps_of_keeping = 0;
  std::function<void()> idle;
  std::function<void()> show_life;
  bool has_started = false;
  std::vector<KeptState> states;
  std::vector<RoundRecord> records;
  std::vector<Silo*> silos;
  std::map<RoundIndex, std::vector<SiteLink>> links;
  std::map<RoundIndex, std::map<SiloId, std::vector<float>>> remainders;
};

inline TrainedModel train_on(Communicator& communicator, const Case& run, Watcher& watcher) {
  constexpr std::size_t kParameters = 20;
  FederationSetup setup;
  FakeRun facts{.silos = run.silos};
  if (!run.missing.empty())
    facts.own_silo = present_silos(run.silos, run.missing).at(static_cast<std::size_t>(communicator.rank()));
  setup.facts = facts_of(facts, communicator.size(), communicator.rank());
  setup.facts.missing = run.missing;
  std::vector<RankPlace> places;
  for (const std::string& site : run.site_of_rank) places.push_back({.host = "host", .site = site});
  setup.facts.topology = Topology(places);
  std::vector<std::unique_ptr<FakeSilo>> silos;
  std::vector<std::unique_ptr<Dataset>> datasets;
  for (const HostedSiloFacts& hosted : setup.facts.hosted) {
    silos.push_back(std::make_unique<FakeSilo>(hosted.id, run.delta_size));
    datasets.push_back(std::make_unique<Dataset>(random_silo(schema(run.task, 3, run.task == Task::multiclass ? 3 : 2),
                                                             run.train_rows, 5, hosted.id.value + run.rows_seed),
                                                 public_root(1), hosted.id));
    if (const auto kept = run.remainders.find(hosted.id); kept != run.remainders.end() && !kept->second.empty())
      silos.back()->keep_remainder(kept->second);
    setup.silos.push_back(silos.back().get());
    setup.datasets.push_back(datasets.back().get());
  }
  const auto spend_a_second = [&communicator] {
    const double end = communicator.clock().now_seconds() + 1.0;
    while (communicator.clock().now_seconds() < end) communicator.idle();
  };
  if (run.has_slow_rank && communicator.rank() == 1)
    for (const std::unique_ptr<FakeSilo>& silo : silos) silo->work_long(100, spend_a_second);
  if (run.has_slow_disk && communicator.rank() == 1) watcher.steps_of_keeping = 100;
  watcher.idle = spend_a_second;
  watcher.silos = setup.silos;
  const std::vector<float> initial(kParameters);
  setup.initial = initial;
  setup.parameters = {.weights = kParameters};
  setup.root = public_root(1);
  setup.rounds = run.rounds;
  setup.stop = run.stop;
  setup.silos_per_round = run.silos_per_round;
  setup.noise = std::make_unique<NoNoise>();
  setup.server_optimizer = run.make_server_optimizer(kParameters);
  setup.evaluate_every_rounds = run.evaluate_every_rounds;
  setup.lane_bits = run.lane_bits;
  setup.checkpoint_every_rounds = run.checkpoint_every_rounds;
  setup.resumed = run.resumed;
  const SiloId own = setup.facts.hosted.front().id;
  setup.make_mask = [own, masked = run.is_masked](const Roster& roster, const X25519& key) -> std::unique_ptr<Mask> {
    if (!masked) return std::make_unique<NoMask>();
    return make_mask(roster, key, own);
  };
  setup.session.peer_seconds_max = 5.0;
  setup.session.ring_sum.has_device = run.has_device;
  return train_federation(
      communicator, std::move(setup), [] { return false; }, watcher);
}

/// Every rank must end alike; the first rank's view is returned.
inline std::pair<TrainedModel, Watcher> train(int ranks, const Case& run) {
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
  for (Watcher& watcher : watchers)
    for (auto& [round, of_silos] : watcher.remainders) watchers.front().remainders[round].merge(of_silos);
  return {models.front(), watchers.front()};
}

}  // namespace crossilo::test
