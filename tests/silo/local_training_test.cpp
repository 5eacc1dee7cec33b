// Aim: what the options say is what a silo does: optimizer, decay, clipping, pull, schedule, steps, class weights.
// Method: full batches beside double loops (tests/oracle); alike rows, whose batches all have one gradient; a scripted
// module with batch normalisation.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "crossilo/foreign/torch.hpp"
#include "oracle/local_optimizers.hpp"
#include "silo/linear_silo.hpp"
#include "support/scripted_module.hpp"

namespace crossilo::test {
namespace {

const TorchSession kTorch;

constexpr TrainOptions kAll[] = {
    {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.05, .proximal_mu = 0.5, .batch_size = 1000},
    {.learning_rate = 0.1, .momentum = 0.5, .gradient_clip_norm = 0.1, .proximal_mu = 0.5, .batch_size = 1000},
    {.optimizer = LocalOptimizer::adam, .learning_rate = 0.01, .weight_decay = 0.05, .batch_size = 1000},
    {.optimizer = LocalOptimizer::adamw, .learning_rate = 0.01, .weight_decay = 0.05, .batch_size = 1000},
};

TEST(LocalTraining, FullBatchStepsAgreeWithTheFormulas) {
  constexpr std::size_t kSteps = 6;
  for (const Case& c : kCases)
    for (TrainOptions options : kAll) {
      options.local_steps = kSteps;
      options.schedule = Schedule::step;
      options.schedule_rounds = 2;
      options.schedule_factor = 0.5;
      Model model = model_for(c);
      const SiloData data = random_silo(schema_of(c), 60, 5, 3);
      LocalSilo silo = silo_with(data, model, options);
      const std::vector<float> global = random_parameters(model, 4);
      const Dataset same(data, public_root(1), SiloId{0});
      for (const std::uint32_t round : {1u, 5u}) {  // the state begins anew in each round
        oracle::LocalOptimizer expected(options, {global.begin(), global.end()});
        for (std::size_t step = 0; step < kSteps; ++step) {
          const oracle::LinearModel linear(c.task, kFeatures, c.outputs, expected.parameters());
          expected.step(options.learning_rate * (round == 1 ? 1.0 : 0.25), linear.gradient(same.fit()));
        }
        expect_delta(train(silo, global, round), expected.parameters(), global);
      }
    }
}

/// `rows` times one row; more than three are not all trained on.
SiloData alike_rows(const Case& c, std::size_t rows) {
  SiloData data = random_silo(schema_of(c), 1, 5, 3);
  const RowSet one = data.train;
  data.train = {};
  for (std::size_t row = 0; row < rows; ++row) {
    data.train.x.insert(data.train.x.end(), one.x.begin(), one.x.end());
    data.train.y.push_back(one.y[0]);
    ++data.train.rows;
  }
  return data;
}

TEST(LocalTraining, TakesExactlyTheStepsItIsTold) {
  for (const Case& c : kCases)
    for (const std::size_t steps : {1u, 4u, 5u, 6u, 17u}) {  // 17 fit rows: 5 batches in an epoch
      Model model = model_for(c);
      const SiloData data = alike_rows(c, 20);
      LocalSilo silo =
          silo_with(data, model,
                    {.learning_rate = 0.02, .momentum = 0.8, .batch_size = 4, .local_epochs = 3, .local_steps = steps});
      const std::vector<float> global = random_parameters(model, 4);
      oracle::LinearModel expected = oracle_of(c, global);
      for (std::size_t step = 0; step < steps; ++step) expected.sgd_step(data.train, 0.02, 0.8);
      expect_delta(train(silo, global), expected.parameters(), global);
    }
}

TEST(LocalTraining, StepsOfWholeEpochsAreTheEpochs) {
  const Case c = kCases[1];
  Model model = model_for(c);
  const SiloData data = random_silo(schema_of(c), 100, 5, 3);  // 85 fit rows: 11 batches of 8
  LocalSilo epochs = silo_with(data, model, {.batch_size = 8, .local_epochs = 3});
  LocalSilo steps = silo_with(data, model, {.batch_size = 8, .local_steps = 33});
  LocalSilo fewer = silo_with(data, model, {.batch_size = 8, .local_steps = 32});
  const std::vector<float> global = random_parameters(model, 4);
  EXPECT_EQ(train(steps, global), train(epochs, global));
  EXPECT_NE(train(fewer, global), train(epochs, global));
}

TEST(LocalTraining, AFewRowsAreOneSmallBatch) {
  for (const Case& c : kCases)
    for (const std::size_t rows : {1u, 2u, 3u}) {
      Model model = model_for(c);
      const SiloData data = random_silo(schema_of(c), rows, 0, 3);
      LocalSilo silo = silo_with(data, model, {.learning_rate = 0.1, .batch_size = 32});
      const std::vector<float> global = random_parameters(model, 4);
      oracle::LinearModel expected = oracle_of(c, global);
      expected.sgd_step(data.train, 0.1, 0.0);
      expect_delta(train(silo, global), expected.parameters(), global);
    }
}

TEST(LocalTraining, BalancedClassesCountByTheFederationsRows) {
  for (const Case& c : {kCases[0], kCases[1]}) {
    const std::size_t classes = schema_of(c).class_names.size();
    Scaling scaling{.mean = std::vector<double>(kFeatures, 0.0),
                    .standard_deviation = std::vector<double>(kFeatures, 1.0)};
    std::vector<double> weights;
    for (std::size_t i = 0; i < classes; ++i)
      scaling.class_rows.push_back(i == 0 ? 50.0 : 100.0 * static_cast<double>(i));
    const double rows = classes == 2 ? 150.0 : 650.0;
    for (const double of_class : scaling.class_rows)
      weights.push_back(rows / (static_cast<double>(classes) * of_class));
    const SiloData data = random_silo(schema_of(c), 60, 5, 3);
    const auto dataset = std::make_shared<Dataset>(data, public_root(1), SiloId{0});
    dataset->apply(scaling);
    Model model = model_for(c);
    LocalSilo silo = silo_with(dataset, model,
                               {.learning_rate = 0.1, .momentum = 0.0, .batch_size = 1000, .balances_classes = true});
    const std::vector<float> global = random_parameters(model, 4);
    const std::vector<double> g = oracle_of(c, global).gradient(dataset->fit(), weights);
    std::vector<double> expected(global.begin(), global.end());
    for (std::size_t i = 0; i < g.size(); ++i) expected[i] -= 0.1 * g[i];
    expect_delta(train(silo, global), expected, global);
    // What is reported is the plain loss.
    EXPECT_NEAR(silo.evaluate({.parameters = global}).test.loss, oracle_of(c, global).evaluate(dataset->test()).loss,
                1e-4);
  }
}

class NormalisedTraining : public testing::Test {
 protected:
  static Model make() {
    const std::string path = testing::TempDir() + "crossilo_normalised_training.pt";
    normalised_module(kFeatures, 1).save(path);
    return make_model(
        {.name = "", .inputs = kFeatures, .outputs = 1, .sample_shape = {kFeatures}, .torchscript = path});
  }
  const Case c_ = kCases[0];
};

TEST_F(NormalisedTraining, TheDeltaHasTheBuffersAndRepeatsBitForBit) {
  Model model = make();
  const std::vector<float> global(model.parameters().begin(), model.parameters().end());
  const TrainOptions options{.learning_rate = 0.05, .weight_decay = 0.5, .proximal_mu = 0.1, .batch_size = 8};
  LocalSilo silo = silo_with(random_silo(schema_of(c_), 100, 30, 3), model, options);
  const std::vector<float> delta = train(silo, global);
  const std::size_t weights = model.layout().weights;
  ASSERT_EQ(model.layout().buffers, 16u);
  for (std::size_t i = weights; i < delta.size(); ++i)
    EXPECT_NE(delta[i], 0.0f) << i;  // learnt, neither decayed nor pulled
  (void)silo.evaluate({.parameters = global});
  EXPECT_EQ(train(silo, global), delta);
  Model other = make();
  LocalSilo again = silo_with(random_silo(schema_of(c_), 100, 30, 3), other, options);
  EXPECT_EQ(train(again, global), delta);
  const SiloEvaluation evaluation = silo.evaluate({.parameters = global});  // neither drops nor learns
  EXPECT_EQ(silo.evaluate({.parameters = global}).test.loss, evaluation.test.loss);
  for (std::size_t i = 0; i < global.size(); ++i) EXPECT_EQ(model.parameters()[i], global[i]);
}

// 20 rows: 17 to train on. A batch of one row cannot be normalised, so batches of 4 are 4 4 4 5.
TEST_F(NormalisedTraining, ASingleLastRowJoinsTheBatchBefore) {
  Model model = make();
  const std::vector<float> global(model.parameters().begin(), model.parameters().end());
  const SiloData data = random_silo(schema_of(c_), 20, 5, 3);
  LocalSilo epoch = silo_with(data, model, {.batch_size = 4});
  LocalSilo steps = silo_with(data, model, {.batch_size = 4, .local_steps = 4});
  const std::vector<float> delta = train(epoch, global);
  for (const float value : delta) EXPECT_TRUE(std::isfinite(value));
  EXPECT_EQ(train(steps, global), delta);
}

TEST_F(NormalisedTraining, ABufferThatIsNotFiniteShowsInTheDelta) {
  Model model = make();
  std::vector<float> global(model.parameters().begin(), model.parameters().end());
  SiloData data = random_silo(schema_of(c_), 40, 5, 3);
  data.train.x[3] = std::numeric_limits<float>::quiet_NaN();
  LocalSilo silo = silo_with(data, model, {.batch_size = 8});
  bool is_finite = true;
  for (const float value : train(silo, global)) is_finite = is_finite && std::isfinite(value);
  EXPECT_FALSE(is_finite);
}

}  // namespace
}  // namespace crossilo::test
