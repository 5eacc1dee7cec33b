// Aim: a silo trains and evaluates by the formulas, repeats bit for bit, and leaves nothing behind in the shared model.
// Method: double loops (tests/oracle) beside it; the same call again after other silos, in other orders and models.
#include "crossilo/silo/local_silo.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "crossilo/foreign/torch.hpp"
#include "silo/linear_silo.hpp"

namespace crossilo::test {
namespace {

const TorchSession kTorch;

TEST(LocalSilo, FullBatchStepsAgreeWithTheFormulas) {
  for (const Case& c : kCases) {
    Model model = model_for(c);
    const SiloData data = random_silo(schema_of(c), 60, 5, 3);
    LocalSilo silo =
        silo_with(data, model, {.learning_rate = 0.1, .momentum = 0.9, .batch_size = 1000, .local_epochs = 6});
    const std::vector<float> global = random_parameters(model, 4);
    oracle::LinearModel expected = oracle_of(c, global);
    const Dataset same(data, public_root(1), SiloId{0});
    for (int step = 0; step < 6; ++step) expected.sgd_step(same.fit(), 0.1, 0.9);
    expect_delta(train(silo, global), expected.parameters(), global);
  }
}

// All rows alike: each batch has the same gradient, whatever the order, the last smaller one too.
TEST(LocalSilo, TakesOneStepForEachBatchAndUsesTheLastSmallerOne) {
  for (const Case& c : kCases) {
    Model model = model_for(c);
    SiloData data = random_silo(schema_of(c), 3, 5, 3);
    const RowSet one{.rows = 1, .x = {data.train.x.begin(), data.train.x.begin() + kFeatures}, .y = {data.train.y[0]}};
    data.train = {};
    for (int row = 0; row < 20; ++row) {
      data.train.x.insert(data.train.x.end(), one.x.begin(), one.x.end());
      data.train.y.push_back(one.y[0]);
      ++data.train.rows;
    }
    LocalSilo silo =
        silo_with(data, model, {.learning_rate = 0.02, .momentum = 0.8, .batch_size = 4, .local_epochs = 2});
    const std::vector<float> global = random_parameters(model, 4);
    oracle::LinearModel expected = oracle_of(c, global);
    for (int step = 0; step < 2 * 5; ++step) expected.sgd_step(one, 0.02, 0.8);  // 17 fit rows: 4 4 4 4 1
    expect_delta(train(silo, global), expected.parameters(), global);
  }
}

// A feature that one row alone has moves its weight by -rate / batch * 2 (prediction - target) each time the row is
// used; the rate is so small that the prediction hardly moves. The rows take more than one block of memory.
TEST(LocalSilo, UsesEveryRowOnceAnEpochInAnyBlock) {
  const Case c = kCases[2];
  constexpr std::size_t kRows = 60000, kBatch = 1000;  // 51000 fit rows: 51 batches
  SiloData data{.schema = schema_of(c), .train = {}, .test = {}, .origin = "", .digest = {}};
  data.train = {.rows = kRows, .x = std::vector<float>(kRows * kFeatures), .y = std::vector<float>(kRows)};
  for (std::size_t row = 0; row < kRows; ++row) data.train.x[row * kFeatures] = static_cast<float>(row);
  const Dataset numbered(data, public_root(1), SiloId{0});  // the split does not look at x
  std::fill(data.train.x.begin(), data.train.x.end(), 0.0f);
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const std::size_t fit_row = f * (numbered.fit().rows - 1) / (kFeatures - 1);  // the first, the last, some between
    const auto row = static_cast<std::size_t>(numbered.fit().x[fit_row * kFeatures]);
    data.train.x[row * kFeatures + f] = 1.0f;
  }
  Model model = model_for(c);
  LocalSilo silo =
      silo_with(data, model, {.learning_rate = 1e-5, .momentum = 0.0, .batch_size = kBatch, .local_epochs = 3});
  std::vector<float> global(kFeatures + 1, 0.0f);
  global.back() = 1.0f;  // predicts 1 where 0 is wanted
  const std::vector<float> delta = train(silo, global);
  for (std::size_t f = 0; f < kFeatures; ++f) EXPECT_NEAR(delta[f], -3 * 2e-5 / kBatch, 1e-9) << f;
}

TEST(LocalSilo, RepeatsBitForBitWhateverRanBetween) {
  const Case c = kCases[1];
  const SiloSchema schema = schema_of(c);
  Model shared = model_for(c);
  const TrainOptions options{.batch_size = 8, .local_epochs = 3};
  std::vector<LocalSilo> silos;
  for (std::uint32_t id = 0; id < 4; ++id)
    silos.push_back(silo_with(random_silo(schema, 100 + 10 * id, 20, id), shared, options, id));
  const std::vector<float> global = random_parameters(shared, 4);

  std::vector<std::vector<float>> alone;
  for (std::uint32_t id = 0; id < 4; ++id) {
    Model own = model_for(c);
    LocalSilo silo = silo_with(random_silo(schema, 100 + 10 * id, 20, id), own, options, id);
    alone.push_back(train(silo, global));
  }
  for (const std::size_t id : {0u, 1u, 2u, 3u}) EXPECT_EQ(train(silos[id], global), alone[id]);
  for (const std::size_t id : {3u, 1u, 1u, 0u, 2u}) {
    (void)silos[(id + 1) % 4].evaluate({.parameters = global});
    EXPECT_EQ(train(silos[id], global), alone[id]);
  }
  EXPECT_NE(train(silos[0], global, 2), alone[0]);  // another round, another order
  EXPECT_NE(alone[0], alone[1]);
}

TEST(LocalSilo, TheSharedModelStaysOneFlatVector) {
  const Case c = kCases[0];
  Model model = model_for(c);
  const float* const before = model.parameters().data();
  LocalSilo silo = silo_with(random_silo(schema_of(c), 50, 30, 1), model, {});
  const std::vector<float> global = random_parameters(model, 4);
  const std::vector<float> delta = train(silo, global);
  EXPECT_EQ(model.parameters().data(), before);
  for (std::size_t i = 0; i < delta.size(); ++i) EXPECT_FLOAT_EQ(model.parameters()[i], global[i] + delta[i]) << i;
  const std::vector<float> other = random_parameters(model, 5);  // the tensors still follow the flat vector
  const RowSet rows = random_rows(schema_of(c), 10, 8);
  const std::vector<float> found = scores(model, other, rows, c.task);
  for (std::size_t row = 0; row < rows.rows; ++row)
    EXPECT_NEAR(found[row], oracle_of(c, other).outputs(rows, row)[0], 1e-5);
}

TEST(LocalSilo, RowsThatAreNotFiniteGiveNumbersThatAreNotFinite) {
  const Case c = kCases[0];
  Model model = model_for(c);
  SiloData data = random_silo(schema_of(c), 50, 30, 1);
  const std::vector<float> global = random_parameters(model, 4);
  LocalSilo healthy = silo_with(data, model, {}, 1);
  const std::vector<float> expected = train(healthy, global);

  for (std::size_t row = 0; row < 50; ++row) data.train.x[row * kFeatures] = std::numeric_limits<float>::infinity();
  LocalSilo broken = silo_with(data, model, {});
  bool is_finite = true;
  for (const float value : train(broken, global)) is_finite = is_finite && std::isfinite(value);
  EXPECT_FALSE(is_finite);
  const SiloEvaluation evaluation = broken.evaluate({.parameters = global});
  EXPECT_EQ(evaluation.held_back.rows, 0.0);
  EXPECT_EQ(evaluation.held_back.loss, 0.0);
  EXPECT_EQ(evaluation.held_back.correct, 0.0);
  EXPECT_EQ(evaluation.test.rows, 30.0);
  EXPECT_EQ(train(healthy, global), expected);  // nothing of it stays in the shared model
}

TEST(LocalSilo, WithoutRowsTheDeltaIsZero) {
  const Case c = kCases[0];
  Model model = model_for(c);
  LocalSilo silo = silo_with(random_silo(schema_of(c), 0, 0, 1), model, {});
  const std::vector<float> global = random_parameters(model, 4);
  EXPECT_EQ(train(silo, global), std::vector<float>(global.size(), 0.0f));
  EXPECT_EQ(silo.evaluate({.parameters = global}).test.rows, 0.0);
}

}  // namespace
}  // namespace crossilo::test
