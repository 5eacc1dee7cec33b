// Aim: with samples of silos, buffers, any server optimizer, rare evaluations and patience, the line still computes
// what plain loops do, to the same bits for every layout. Method: whole runs on LocalCommunicator with silos of known
// deltas.
#include <gtest/gtest.h>

#include <map>

#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "round/fake_federation.hpp"

namespace crossilo::test {
namespace {

void expect_equal_layouts(const FakeRun& run) {
  const FakeResult reference = run_on(1, run).front();
  for (int ranks = 2; ranks <= static_cast<int>(run.silos); ++ranks)
    for (const FakeResult& result : run_on(ranks, run)) {
      EXPECT_EQ(result.last, reference.last) << ranks << " ranks";
      EXPECT_EQ(result.best, reference.best) << ranks << " ranks";
      EXPECT_EQ(result.records.size(), reference.records.size());
    }
}

using MakeOptimizer = std::function<std::unique_ptr<ServerOptimizer>(std::size_t)>;

const std::map<std::string, MakeOptimizer>& optimizers() {
  static const std::map<std::string, MakeOptimizer> made = {
      {"fedavg", [](std::size_t) { return std::make_unique<FedAvg>(0.7); }},
      {"fedavgm", [](std::size_t weights) { return std::make_unique<FedAvgM>(FedAvgM::Options{}, weights); }},
      {"fedadagrad",
       [](std::size_t weights) {
         return std::make_unique<FedOpt>(FedOpt::Options{.second_moment = SecondMoment::adagrad}, weights);
       }},
      {"fedadam", [](std::size_t weights) { return std::make_unique<FedOpt>(FedOpt::Options{}, weights); }},
      {"fedyogi", [](std::size_t weights) {
         return std::make_unique<FedOpt>(FedOpt::Options{.second_moment = SecondMoment::yogi}, weights);
       }}};
  return made;
}

TEST(RoundStrategies, are_equal_bit_for_bit_for_every_layout) {
  for (const auto& [name, make] : optimizers())
    for (const unsigned lane_bits : {32u, 16u, 8u}) {
      SCOPED_TRACE(name + ", " + std::to_string(lane_bits) + " bits");
      expect_equal_layouts({.silos = 8,
                            .parameters = 203,
                            .lane_bits = lane_bits,
                            .delta_size = 0x1p-6f,
                            .buffers = 20,
                            .silos_per_round = 3,
                            .make_server_optimizer = make});
    }
}

TEST(RoundStrategies, a_sample_trains_and_everybody_evaluates) {
  const FakeRun run{.silos = 6, .parameters = 50, .rounds = 4, .silos_per_round = 3};
  const FakeResult result = run_on(3, run).front();
  std::vector<double> model(run.parameters);
  for (std::size_t i = 0; i < model.size(); ++i) model[i] = known_value(99, 0, i);
  for (std::uint32_t round = 1; round <= run.rounds; ++round) {
    const Cohort& cohort = result.records[round - 1].ticket.cohort;
    ASSERT_EQ(cohort.size(), 3u);
    for (std::size_t i = 0; i < model.size(); ++i) {
      double mean = 0.0;
      for (const SiloId silo : cohort.silos) mean += cohort.share(silo) * known_value(silo.value, round, i);
      model[i] += mean;
    }
    EXPECT_EQ(result.records[round - 1].contributed_share, 1.0);
    EXPECT_EQ(result.records[round - 1].abstentions, 0u);
    EXPECT_EQ(result.records[round - 1].parent_evaluation.held_back.rows, 10 + 11 + 12 + 13 + 14 + 15);
  }
  for (std::size_t i = 0; i < model.size(); ++i) ASSERT_NEAR(result.last[i], model[i], 2e-6) << i;
}

TEST(RoundStrategies, buffers_take_the_mean_whatever_the_optimizer_does) {
  const FakeRun run{
      .silos = 4, .parameters = 60, .rounds = 2, .buffers = 10, .make_server_optimizer = optimizers().at("fedadam")};
  const std::vector<double> mean = oracle_model(run);
  const FakeResult result = run_on(2, run).front();
  const std::size_t weights = run.parameters - run.buffers;
  // Buffers travel with a bound of 4096: a unit is 256 times coarser than a weight's.
  for (std::size_t i = weights; i < run.parameters; ++i) EXPECT_NEAR(result.last[i], mean[i], 1e-4) << i;
  EXPECT_GT(std::abs(result.last[0] - mean[0]), 1e-3);
}

TEST(RoundStrategies, evaluation_every_third_round_and_of_the_last_model) {
  const FakeResult result = run_on(2, {.silos = 3, .rounds = 5, .evaluate_every_rounds = 3}).front();
  std::vector<bool> judged;  // the model after rounds 0, 1, 2, …
  for (const RoundRecord& record : result.records) judged.push_back(record.parent_evaluation.held_back.rows > 0.0);
  EXPECT_EQ(judged, (std::vector<bool>{true, false, false, true, false, true}));
}

TEST(RoundStrategies, patience_ends_the_run_alike_on_all_ranks_and_keeps_the_best_model) {
  // Deltas of size 0: no model is better than the first one.
  const FakeRun run{.silos = 3, .rounds = 20, .delta_size = 0.0f, .stop = {.patience_rounds = 4}};
  for (const FakeResult& result : run_on(3, run)) {
    const RoundRecord& stopped = result.records[result.records.size() - 2];  // the last one closes the run
    EXPECT_EQ(stopped.ticket.stop, StopReason::patience);
    EXPECT_EQ(stopped.ticket.round, RoundIndex{6});  // rounds 1 to 4 judged no better; known when round 6 opens
    EXPECT_EQ(result.best_round, RoundIndex{0});
  }
}

}  // namespace
}  // namespace crossilo::test
