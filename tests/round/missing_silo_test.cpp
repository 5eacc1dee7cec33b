// Aim: a run goes on without a silo and with it again: same roster and scaling, masks between those that are there, and
// no model that two cohorts have evaluated. Method: whole runs on LocalCommunicator, taken up by other silos.
#include "crossilo/base/error.hpp"
#include "round/small_federation.hpp"

namespace crossilo::test {
namespace {

const std::vector<SiloId> kMissing{SiloId{2}};
const std::vector<SiloId> kOthers{SiloId{0}, SiloId{1}, SiloId{3}};

Case all_silos() { return {.delta_size = 0.5f, .rounds = 3, .checkpoint_every_rounds = 1}; }

Case without_one(const FederationState* resumed) {
  Case run = all_silos();
  run.rounds = 6;
  run.resumed = resumed;
  run.missing = kMissing;
  return run;
}

TEST(MissingSilo, the_others_go_on_and_masks_cancel_between_them) {
  const auto [before, watcher] = train(4, all_silos());
  const FederationState state = watcher.states.back().view();
  const auto [masked, found] = train(3, without_one(&state));
  Case plain = without_one(&state);
  plain.is_masked = false;
  const auto [expected, oracle] = train(3, plain);
  EXPECT_EQ(masked.last.parameters, expected.last.parameters);
  ASSERT_EQ(found.records.size(), 4u);  // rounds 4 to 6, and the last evaluation
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found.records[i].mask, "pairwise");
    EXPECT_EQ(found.records[i].ticket.cohort.silos, kOthers);
    EXPECT_EQ(found.records[i].contributed_share, 1.0) << "weights are shares of those that are there";
    EXPECT_EQ(found.records[i].model, oracle.records[i].model);
  }
  Case whole = all_silos();
  whole.rounds = 6;
  EXPECT_NE(masked.last.parameters, train(4, whole).first.last.parameters);
}

TEST(MissingSilo, the_scaling_stays_and_one_model_is_not_evaluated_by_two_cohorts) {
  const auto [before, watcher] = train(4, all_silos());
  const FederationState state = watcher.states.back().view();
  const auto [without, found] = train(3, without_one(&state));
  EXPECT_EQ(fingerprint_of(without.scaling), fingerprint_of(before.scaling));
  EXPECT_EQ(found.records[0].parent_evaluation.held_back.rows, 0.0) << "of round 3, which all silos may have evaluated";
  EXPECT_GT(found.records[1].parent_evaluation.held_back.rows, 0.0);
  EXPECT_LT(found.records[1].parent_evaluation.held_back.rows, before.last.evaluation.held_back.rows);
  EXPECT_TRUE(found.records[1].parent_is_best) << "what was judged on other rows is no measure";

  const FederationState later = found.states.back().view();
  Case again = all_silos();
  again.rounds = 8;
  again.resumed = &later;
  const auto [back, rest] = train(4, again);
  EXPECT_EQ(rest.records[0].ticket.cohort.size(), 4u);
  EXPECT_EQ(rest.records[0].parent_evaluation.held_back.rows, 0.0);
  EXPECT_EQ(rest.records[1].parent_evaluation.held_back.rows, before.last.evaluation.held_back.rows);
  EXPECT_EQ(fingerprint_of(back.scaling), fingerprint_of(before.scaling));
}

TEST(MissingSilo, the_same_silos_go_on_as_if_nothing_had_been) {
  const auto [whole, watcher] = train(3, without_one(nullptr));
  const FederationState state = watcher.states[3].view();
  EXPECT_EQ(train(3, without_one(&state)).first.last.parameters, whole.last.parameters);
  EXPECT_EQ(train(3, without_one(&state)).first.best.round, whole.best.round);
}

TEST(MissingSilo, one_that_came_later_takes_the_scaling_of_the_others) {
  const auto [first, watcher] = train(3, without_one(nullptr));
  const FederationState state = watcher.states.back().view();
  Case later = all_silos();
  later.rounds = 8;
  later.resumed = &state;
  EXPECT_EQ(fingerprint_of(train(4, later).first.scaling), fingerprint_of(first.scaling));
}

TEST(MissingSilo, changed_rows_are_noticed_once_all_are_there) {
  const auto [before, watcher] = train(4, all_silos());
  const FederationState state = watcher.states.back().view();
  const auto [without, found] = train(3, without_one(&state));
  const FederationState later = found.states.back().view();
  Case changed = all_silos();
  changed.rounds = 8;
  changed.resumed = &later;
  changed.rows_seed = 100;
  EXPECT_THROW(train(4, changed), DataError);
}

}  // namespace
}  // namespace crossilo::test
