// Aim: federations without torch for tests of the line: silos whose deltas are a known function of (silo, round).
// Method: a small integer hash makes the deltas, so that a plain loop can repeat them as an oracle.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/round/cohort.hpp"
#include "crossilo/round/round.hpp"

namespace crossilo::test {

/// A number in [-1, 1) that depends on everything given.
inline float known_value(std::uint32_t silo, std::uint32_t round, std::size_t index) {
  std::uint64_t x = (std::uint64_t{silo} << 48) ^ (std::uint64_t{round} << 32) ^ index;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return static_cast<float>(static_cast<double>(x >> 11) * 0x1p-52 - 1.0);
}

class FakeSilo final : public Silo {
 public:
  explicit FakeSilo(SiloId id, float delta_size = 1.0f, std::optional<std::uint32_t> broken_round = {})
      : id_(id), delta_size_(delta_size), name_("silo" + std::to_string(id.value)), broken_round_(broken_round) {}
  [[nodiscard]] SiloId id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  /// The last `count` values of its deltas are so many times as large.
  void enlarge_last(std::size_t count, float times) {
    enlarged_ = count;
    times_ = times;
  }
  /// Each training and each evaluation takes so many of these steps.
  void work_long(int steps, std::function<void()> step) {
    steps_ = steps;
    step_ = std::move(step);
  }
  /// Held-back loss falls with the mean of the model's first parameter; rows differ by silo.
  [[nodiscard]] SiloEvaluation evaluate(const GlobalModel& global) override {
    work();
    const double rows = 10.0 + id_.value;
    return {.held_back = {.rows = rows, .loss = rows * (2.0 - global.parameters[0]), .correct = 5.0},
            .test = {.rows = 4.0, .loss = 1.0, .correct = 2.0}};
  }

 protected:
  void train(const RoundTicket& ticket, std::span<const float>, std::span<float> model_delta) override {
    work();
    for (std::size_t i = 0; i < model_delta.size(); ++i)
      model_delta[i] = delta_size_ * known_value(id_.value, ticket.round.value, i);
    for (float& value : model_delta.last(enlarged_)) value *= times_;
    if (broken_round_ == ticket.round.value) model_delta.back() = std::numeric_limits<float>::quiet_NaN();
  }

 private:
  void work() const {
    for (int step = 0; step < steps_; ++step) {
      step_();
      step_done();
    }
  }

  SiloId id_;
  float delta_size_;
  std::string name_;
  std::optional<std::uint32_t> broken_round_;
  std::size_t enlarged_ = 0;
  float times_ = 1.0f;
  int steps_ = 0;
  std::function<void()> step_;
};

inline std::uint64_t weight_of(SiloId silo) { return 100 + 37 * silo.value; }

struct FakeRun {
  std::size_t silos = 5;
  std::size_t parameters = 1003;
  std::uint32_t rounds = 3;
  unsigned lane_bits = 32;
  float delta_size = 1.0f;  // deltas lie in +-delta_size
  std::size_t message_words = 64;
  std::optional<SiloId> broken_silo;  // its delta of round 2 has a NaN
  int flipped_rank = -1;              // starts from a model with one flipped bit
  std::function<bool(std::uint32_t round)> wants_stop = [](std::uint32_t) { return false; };
  std::size_t config_of_rank = 0;  // goes into the config hash
  std::size_t buffers = 0;         // the last ones of the parameters
  float buffer_size = 1.0f;        // their deltas are so many times those of the weights
  std::uint64_t (*weight)(SiloId silo) = weight_of;
  std::size_t silos_per_round = 0;
  std::uint32_t evaluate_every_rounds = 1;
  StopRule::Options stop{};
  std::function<std::unique_ptr<ServerOptimizer>(std::size_t weights)> make_server_optimizer = [](std::size_t) {
    return std::make_unique<FedAvg>(1.0);
  };
  bool keeps_records = true;
  std::optional<SiloId> own_silo;  // which silo this rank is; empty: by rank
};

struct FakeResult {
  std::vector<float> last;
  std::vector<float> best;
  RoundIndex best_round;
  std::vector<RoundRecord> records;
};

inline std::vector<std::string> silo_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("silo" + std::to_string(i));
  return names;
}

/// The run's facts as one rank states them.
inline OwnFacts facts_of(const FakeRun& run, int ranks, int rank) {
  OwnFacts facts{.silo_names = silo_names(run.silos), .hosted = {}};
  const std::vector<SiloId> hosted = run.own_silo ? std::vector{*run.own_silo} : hosted_silos(run.silos, ranks, rank);
  for (SiloId id : hosted) facts.hosted.push_back({.id = id, .weight = run.weight(id)});
  facts.config_hash[0] = static_cast<std::byte>(run.config_of_rank);
  return facts;
}

inline std::unique_ptr<Mask> make_mask(const Roster& roster, const X25519& key, SiloId own) {
  if (roster.identities.size() == 1) return std::make_unique<NoMask>();
  return std::make_unique<PairwiseMask>(own, agree_pair_keys(key, own, roster.identities, roster.epoch), roster.epoch);
}

/// Runs the line on one rank. Collective.
inline FakeResult run_fake(Communicator& communicator, const FakeRun& run) {
  const OwnFacts facts = facts_of(run, communicator.size(), communicator.rank());
  std::vector<std::unique_ptr<FakeSilo>> silos;
  std::vector<Silo*> pointers;
  for (const HostedSiloFacts& hosted : facts.hosted) {
    const bool broken = run.broken_silo == hosted.id;
    silos.push_back(
        std::make_unique<FakeSilo>(hosted.id, run.delta_size, broken ? std::optional<std::uint32_t>(2) : std::nullopt));
    silos.back()->enlarge_last(run.buffers, run.buffer_size);
    pointers.push_back(silos.back().get());
  }
  const X25519 key;
  Roster roster = exchange_hello(communicator, facts, key, {.seconds = 5.0, .step = "hello"});
  auto mask = make_mask(roster, key, facts.hosted.front().id);
  SumSession session(
      communicator, std::move(roster), std::move(mask),
      {.ring_sum = {.message_words = run.message_words, .window_words = 1 << 13}, .peer_seconds_max = 5.0});

  std::vector<float> initial(run.parameters);
  for (std::size_t i = 0; i < initial.size(); ++i) initial[i] = known_value(99, 0, i);
  if (run.flipped_rank == communicator.rank()) initial[3] = std::nextafter(initial[3], 9.0f);
  const ParameterLayout layout{.weights = run.parameters - run.buffers, .buffers = run.buffers};
  const PublicRoot root = public_root(7);
  RingCodec::Options codec{.layout = round_layout(layout), .root = root};
  Round round(session,
              {.silos = pointers,
               .clip = Clip(0.0, layout.weights),
               .codec = RingCodec(std::move(codec)),
               .lanes = LaneSchedule(run.lane_bits),
               .noise = std::make_unique<NoNoise>(),
               .server_optimizer = run.make_server_optimizer(layout.weights),
               .parameters = layout,
               .cohort_of =
                   [&](RoundIndex index, Cohort& cohort) {
                     sample_cohort(session.roster().cohort, run.silos_per_round, root, index, cohort);
                   },
               .evaluate_every_rounds = run.evaluate_every_rounds,
               .stop_rule = StopRule(run.stop)},
              initial);
  FakeResult result;
  for (std::uint32_t index = 1; index <= run.rounds; ++index) {
    const RoundRecord& record = round.run(RoundIndex{index}, run.wants_stop(index));
    if (run.keeps_records) result.records.push_back(record);
    if (record.ticket.stop != StopReason::none) break;
  }
  result.records.push_back(round.close());
  result.last.assign(round.last().parameters.begin(), round.last().parameters.end());
  result.best.assign(round.best().parameters.begin(), round.best().parameters.end());
  result.best_round = round.best().round;
  return result;
}

/// The run on that many ranks of one process. Shapes: one result a rank.
inline std::vector<FakeResult> run_on(int ranks, const FakeRun& run, std::uint64_t seed = 1) {
  std::vector<FakeResult> results(static_cast<std::size_t>(ranks));
  run_local_ranks({.size = ranks, .seed = seed}, [&](Communicator& communicator) {
    results[static_cast<std::size_t>(communicator.rank())] = run_fake(communicator, run);
  });
  return results;
}

/// What the line must compute, in plain double loops.
inline std::vector<double> oracle_model(const FakeRun& run) {
  std::vector<double> model(run.parameters);
  for (std::size_t i = 0; i < model.size(); ++i) model[i] = known_value(99, 0, i);
  for (std::uint32_t round = 1; round <= run.rounds; ++round) {
    double total = 0.0;
    std::vector<double> sum(run.parameters);
    for (std::uint32_t silo = 0; silo < run.silos; ++silo) {
      if (run.broken_silo == SiloId{silo} && round == 2) continue;
      const auto weight = static_cast<double>(weight_of(SiloId{silo}));
      total += weight;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * run.delta_size * known_value(silo, round, i);
    }
    for (std::size_t i = 0; i < sum.size(); ++i) model[i] += sum[i] / total;
  }
  return model;
}

}  // namespace crossilo::test
