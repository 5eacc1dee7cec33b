// Aim: outputs, losses, correct rows and score histograms are those of the formulas.
// Method: double loops (tests/oracle) beside them, over more rows than one chunk holds.
#include "crossilo/silo/evaluator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "crossilo/foreign/torch.hpp"
#include "silo/linear_silo.hpp"

namespace crossilo::test {
namespace {

const TorchSession kTorch;

TEST(Evaluator, SumsAgreeWithTheFormulas) {
  for (const Case& c : kCases) {
    Model model = model_for(c);
    const SiloData data = random_silo(schema_of(c), 100, 90000, 3);  // more than one chunk of test rows
    LocalSilo silo = silo_with(data, model, {});
    const std::vector<float> global = random_parameters(model, 4);
    const SiloEvaluation found = silo.evaluate({.parameters = global});
    const Dataset same(data, public_root(1), SiloId{0});
    const oracle::Sums held_back = oracle_of(c, global).evaluate(same.held_back());
    const oracle::Sums test = oracle_of(c, global).evaluate(same.test());
    EXPECT_EQ(found.held_back.rows, held_back.rows);
    EXPECT_NEAR(found.held_back.loss, held_back.loss, 1e-5 * held_back.loss);
    EXPECT_EQ(found.held_back.correct, held_back.correct);
    EXPECT_EQ(found.test.rows, test.rows);
    EXPECT_NEAR(found.test.loss, test.loss, 1e-6 * test.loss);
    EXPECT_EQ(found.test.correct, test.correct);
    EXPECT_EQ(test.correct > 0.0, c.task != Task::regression);
  }
}

TEST(Evaluator, ShowsThatItIsAtWorkBetweenChunks) {
  const Case c = kCases[0];
  Model model = model_for(c);
  const std::size_t chunk_rows = (std::size_t{1} << 18) / model.spec().inputs;
  LocalSilo silo = silo_with(random_silo(schema_of(c), 100, 3 * chunk_rows, 3), model, {});
  const std::vector<float> global = random_parameters(model, 4);
  const SiloEvaluation silent = silo.evaluate({.parameters = global});
  int signs = 0;
  silo.on_step([&] { ++signs; });
  const SiloEvaluation found = silo.evaluate({.parameters = global});
  EXPECT_EQ(signs, 4) << "one for the rows that are held back, three for the test rows";
  EXPECT_EQ(found.test.loss, silent.test.loss);
}

TEST(Evaluator, OutputsAreTheModelsOwn) {
  for (const Case& c : kCases) {
    Model model = model_for(c);
    const RowSet rows = random_rows(schema_of(c), 50000, 8);
    const std::vector<float> parameters = random_parameters(model, 4);
    const std::vector<float> found = outputs(model, parameters, rows);
    ASSERT_EQ(found.size(), rows.rows * c.outputs);
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], oracle_of(c, parameters).outputs(rows, i / c.outputs)[i % c.outputs], 1e-5);
    if (c.task == Task::multiclass) continue;
    EXPECT_EQ(scores(model, parameters, rows, c.task), found);
  }
}

// One feature, weight 1, bias 0: the row's value is its logit.
EvaluationSums evaluate_logits(const std::vector<float>& logits, const std::vector<float>& labels) {
  Model model = make_model({.name = "logreg", .inputs = 1, .outputs = 1});
  return evaluate_rows(model, std::vector<float>{1.0f, 0.0f}, {.rows = logits.size(), .x = logits, .y = labels},
                       Task::binary);
}

double total(const std::array<double, kScoreBinsMax>& bins) { return std::accumulate(bins.begin(), bins.end(), 0.0); }

TEST(Evaluator, AHistogramCountsProbabilitiesByClass) {
  const float third = std::log(1.0f / 2.0f);  // probability 1/3: bin 10 of 32
  const EvaluationSums sums = evaluate_logits({0.0f, 200.0f, -200.0f, third, third}, {1, 1, 0, 0, 1});
  EXPECT_EQ(sums.scores.positive[16], 1.0);  // one half begins the upper half
  EXPECT_EQ(sums.scores.positive[31], 1.0);  // 1 is in the last bin
  EXPECT_EQ(sums.scores.negative[0], 1.0);
  EXPECT_EQ(sums.scores.negative[10], 1.0);
  EXPECT_EQ(sums.scores.positive[10], 1.0);
  EXPECT_EQ(total(sums.scores.positive), 3.0);
  EXPECT_EQ(total(sums.scores.negative), 2.0);
}

TEST(Evaluator, OnlyBinaryRowsHaveAHistogram) {
  for (const Case& c : {kCases[1], kCases[2]}) {
    Model model = model_for(c);
    const EvaluationSums sums =
        evaluate_rows(model, random_parameters(model, 4), random_rows(schema_of(c), 50, 8), c.task);
    EXPECT_EQ(sums.rows, 50.0);
    EXPECT_EQ(total(sums.scores.positive) + total(sums.scores.negative), 0.0);
  }
}

TEST(Evaluator, ALossThatIsNotFiniteCountsNoRow) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const EvaluationSums sums = evaluate_logits({0.0f, bad}, {1, 0});
    EXPECT_EQ(sums.rows, 0.0);
    EXPECT_EQ(sums.loss, 0.0);
    EXPECT_EQ(total(sums.scores.positive), 0.0);
  }
  EXPECT_EQ(evaluate_logits({}, {}).rows, 0.0);
}

}  // namespace
}  // namespace crossilo::test
