// Aim: the closing comparison has a cell for each silo and one for all, refuses what is too small to rank, and repeats.
// Method: three made-up silos, one of them tiny and one with labels the other way round; real training, one rank.
#include "crossilo/round/baseline.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/silo/local_silo.hpp"
#include "silo/silo_fixture.hpp"

namespace crossilo::test {
namespace {

constexpr std::size_t kFeatures = 3;
const TorchSession kTorch;

class NoObserver final : public RunObserver {
 public:
  void on_start(const RunStart&) override {}
  void on_round(const RoundRecord&) override {}
};

OpenSilos made_up_silos() {
  const SiloSchema columns = schema(Task::binary, kFeatures);
  OpenSilos silos{.ids = {{0}, {1}, {2}}, .names = {"a", "tiny", "turned"}, .datasets = {}};
  const std::size_t test_rows[] = {60, 6, 60};
  for (std::uint32_t silo = 0; silo < 3; ++silo) {
    SiloData data = random_silo(columns, 120, test_rows[silo], 50 + silo);
    if (silo == 2)
      for (RowSet* set : {&data.train, &data.test})
        for (float& label : set->y) label = 1.0f - label;
    silos.datasets.emplace_back(std::move(data), public_root(1), SiloId{silo});
  }
  return silos;
}

TrainedModel train_one(Model& model, const std::shared_ptr<Dataset>& dataset) {
  LocalSilo silo({.id = SiloId{0}, .name = "alone", .data = dataset, .train = {}, .root = {.key = Key256{}}}, model);
  model.initialise(public_root(1));
  FederationSetup setup;
  setup.facts = {.silo_names = {"alone"}, .hosted = {{.id = SiloId{0}, .weight = 1}}};
  setup.silos = {&silo};
  setup.datasets = {dataset.get()};
  setup.initial = model.parameters();
  setup.rounds = 3;
  setup.parameters = model.layout();
  setup.root = public_root(1);
  setup.noise = std::make_unique<NoNoise>();
  setup.server_optimizer = std::make_unique<FedAvg>(1.0);
  setup.make_mask = [](const Roster&, const X25519&) { return std::make_unique<NoMask>(); };
  const std::unique_ptr<Communicator> alone = make_solo_communicator();
  NoObserver observer;
  return train_federation(
      *alone, std::move(setup), [] { return false; }, observer);
}

Comparison compare(std::optional<SiloId> diverging = {}) {
  const OpenSilos silos = made_up_silos();
  Model model = make_model({.name = "logreg", .inputs = kFeatures, .outputs = 1});
  std::vector<const Dataset*> all;
  for (const Dataset& dataset : silos.datasets) all.push_back(&dataset);
  // The pooled model stands in for the federated one: then the two must not differ at all.
  const TrainedModel federated = train_one(model, std::make_shared<Dataset>(Dataset::pooled(all)));
  return compare_with_baselines(silos, model, federated, [&](const std::shared_ptr<Dataset>& dataset, SiloId number) {
    if (number == diverging) throw DivergedError("not finite");
    return train_one(model, dataset);
  });
}

TEST(Baseline, has_a_cell_for_each_silo_and_one_for_all) {
  const Comparison result = compare();
  EXPECT_EQ(result.silos, (std::vector<std::string>{"a", "tiny", "turned"}));
  EXPECT_EQ(result.test_rows, (std::vector<std::size_t>{60, 6, 60}));
  EXPECT_EQ(result.federated.size(), 4u);
  EXPECT_EQ(result.pooled.size(), 4u);
  EXPECT_EQ(result.own.size(), 3u);
  ASSERT_TRUE(result.federated_minus_pooled);
  EXPECT_EQ(result.federated_minus_pooled->value, 0.0);
}

TEST(Baseline, refuses_a_silo_with_too_few_test_rows_of_a_class) {
  const Comparison result = compare();
  for (const MetricCell* cell : {&result.federated[1], &result.pooled[1], &result.own[1]}) {
    EXPECT_FALSE(cell->estimate);
    EXPECT_NE(cell->refusal.find("too few to rank"), std::string::npos) << cell->refusal;
  }
  EXPECT_TRUE(result.federated[3].estimate);
}

TEST(Baseline, a_silos_own_model_is_trained_on_its_own_rows_alone) {
  const Comparison result = compare();
  // Labels turned round: its own model ranks its rows well, the pooled one, which follows the others, badly.
  ASSERT_TRUE(result.own[2].estimate && result.pooled[2].estimate);
  EXPECT_GT(result.own[2].estimate->value, 0.8);
  EXPECT_LT(result.pooled[2].estimate->value, 0.5);
}

TEST(Baseline, says_of_each_silo_what_federating_brought_it) {
  const Comparison result = compare();
  ASSERT_EQ(result.federated_minus_own.size(), 3u);
  const auto& gain = result.federated_minus_own[2];
  ASSERT_TRUE(gain);
  EXPECT_NEAR(gain->value, result.federated[2].estimate->value - result.own[2].estimate->value, 1e-12);
  EXPECT_LT(gain->high, 0.0);
}

TEST(Baseline, that_diverges_has_a_reason_and_leaves_the_others_alone) {
  const Comparison without_own = compare(SiloId{2});
  EXPECT_TRUE(without_own.own[0].estimate && without_own.pooled[3].estimate);
  EXPECT_NE(without_own.own[2].refusal.find("diverged"), std::string::npos) << without_own.own[2].refusal;
  EXPECT_FALSE(without_own.federated_minus_own[2]);
  const Comparison without_pooled = compare(SiloId{3});
  EXPECT_TRUE(without_pooled.own[2].estimate);
  ASSERT_EQ(without_pooled.pooled.size(), 4u);
  EXPECT_NE(without_pooled.pooled[3].refusal.find("diverged"), std::string::npos);
  EXPECT_FALSE(without_pooled.federated_minus_pooled);
}

TEST(Baseline, repeats) {
  const Comparison first = compare();
  const Comparison second = compare();
  for (const std::size_t silo : {0u, 2u}) {
    EXPECT_EQ(first.own[silo].estimate->value, second.own[silo].estimate->value);
    EXPECT_EQ(first.pooled[silo].estimate->value, second.pooled[silo].estimate->value);
  }
}

}  // namespace
}  // namespace crossilo::test
