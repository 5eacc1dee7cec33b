// Aim: the line computes the weighted mean, to the same bits for every layout of silos on ranks, and refuses forks.
// Method: whole runs on LocalCommunicator with silos of known deltas, against a double oracle and against each other.
#include <gtest/gtest.h>

#include <mutex>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "round/fake_federation.hpp"

namespace crossilo::test {
namespace {

TEST(RoundLocal, equals_the_oracle_within_the_resolution_of_the_ring) {
  const FakeRun run;
  const std::vector<double> oracle = oracle_model(run);
  const FakeResult result = run_on(3, run).front();
  ASSERT_EQ(result.last.size(), oracle.size());
  for (std::size_t i = 0; i < oracle.size(); ++i) ASSERT_NEAR(result.last[i], oracle[i], 2e-6) << i;
}

TEST(RoundLocal, is_equal_bit_for_bit_for_every_layout_segment_size_and_order) {
  const FakeRun run{.silos = 7};
  const FakeResult reference = run_on(1, run).front();
  EXPECT_STREQ(reference.records.front().mask.c_str(), "none");
  for (const int ranks : {1, 2, 3, 4, 7})
    for (const std::size_t message_words : {std::size_t{1}, std::size_t{37}, std::size_t{4096}}) {
      FakeRun other = run;
      other.message_words = message_words;
      for (const FakeResult& result : run_on(ranks, other, 5u + static_cast<unsigned>(ranks))) {
        EXPECT_EQ(result.last, reference.last) << ranks << " ranks, messages of " << message_words;
        EXPECT_EQ(result.best, reference.best);
        EXPECT_EQ(result.records.back().model, reference.records.back().model);
      }
    }
}

TEST(RoundLocal, narrow_lanes_are_equal_over_layouts_too_and_near_the_oracle) {
  for (const unsigned lane_bits : {16u, 8u}) {
    const FakeRun run{.silos = 4, .lane_bits = lane_bits, .delta_size = 0x1p-10f};
    const FakeResult reference = run_on(1, run).front();
    EXPECT_EQ(run_on(4, run).back().last, reference.last);
    EXPECT_EQ(reference.records[0].ticket.lanes.front().lane_bits, 32u);
    EXPECT_EQ(reference.records[1].ticket.lanes.front().lane_bits, lane_bits);
    const std::vector<double> oracle = oracle_model(run);
    // Two narrow rounds, C at most 8 x 2^-10, and each of four silos is rounded to a unit C / Q.
    const double unit = 0x1p-7 / (lane_bits == 16 ? 32000.0 : 110.0);
    for (std::size_t i = 0; i < oracle.size(); ++i)
      ASSERT_NEAR(reference.last[i], oracle[i], 2.0 * 4.0 * unit) << lane_bits << " bits";
  }
}

TEST(RoundLocal, error_feedback_keeps_the_error_of_many_narrow_rounds_within_that_of_one) {
  const FakeRun run{.silos = 4, .rounds = 60, .lane_bits = 8, .delta_size = 0x1p-10f};
  const FakeResult result = run_on(2, run).front();
  EXPECT_EQ(run_on(4, run).back().last, result.last);
  const std::vector<double> oracle = oracle_model(run);
  // What is still owed: less than one unit C / Q of each silo. Without feedback it would be a walk of 59 rounds.
  const double unit = 0x1p-7 / (127.0 - 4.0);
  for (std::size_t i = 0; i < oracle.size(); ++i) ASSERT_NEAR(result.last[i], oracle[i], 4.0 * unit + 1e-6) << i;
}

TEST(RoundLocal, a_silo_that_is_not_finite_abstains_and_the_others_count_alone) {
  const FakeRun run{.broken_silo = SiloId{3}};
  const std::vector<double> oracle = oracle_model(run);
  const std::vector<FakeResult> results = run_on(5, run);
  const FakeResult& result = results.front();
  for (std::size_t i = 0; i < oracle.size(); ++i) ASSERT_NEAR(result.last[i], oracle[i], 2e-6);
  for (std::size_t rank = 0; rank < 5; ++rank) {  // only its own rank learns who it was
    EXPECT_EQ(results[rank].records[1].own_abstentions.size(), rank == 3 ? 1u : 0u);
    EXPECT_TRUE(results[rank].records[2].own_abstentions.empty());
  }
  EXPECT_EQ(result.records[0].abstentions, 0u);
  EXPECT_EQ(result.records[1].abstentions, 1u);
  EXPECT_LT(result.records[1].contributed_share, 1.0);
}

TEST(RoundLocal, carries_the_evaluation_of_the_parent_model_summed_over_silos) {
  const FakeRun run;
  const FakeResult result = run_on(2, run).front();
  const double rows = 10 + 11 + 12 + 13 + 14;
  EXPECT_EQ(result.records[0].parent_evaluation.held_back.rows, rows);
  EXPECT_NEAR(result.records[0].parent_evaluation.held_back.loss, rows * (2.0 - known_value(99, 0, 0)), 1e-4);
  EXPECT_EQ(result.records[0].parent_evaluation.test.rows, 20.0);
  EXPECT_TRUE(result.records[0].parent_is_best);
}

TEST(RoundLocal, keeps_the_model_with_the_lowest_held_back_loss) {
  const FakeRun run{.rounds = 6};
  const FakeResult result = run_on(2, run).front();
  double lowest = 1e9;
  std::size_t best = 0;
  for (std::size_t i = 0; i < result.records.size(); ++i) {
    const EvaluationSums& sums = result.records[i].parent_evaluation.held_back;
    if (sums.loss / sums.rows < lowest) {
      lowest = sums.loss / sums.rows;
      best = i;  // record i carries the evaluation of the model after round i
    }
  }
  EXPECT_EQ(result.best_round.value, best);
  EXPECT_NEAR(2.0 - result.best[0], lowest, 1e-6);
}

TEST(RoundLocal, a_stop_wish_of_one_rank_stops_all_before_anything_is_trained) {
  FakeRun run{.rounds = 5};
  std::vector<FakeResult> results(3);
  run_local_ranks({.size = 3, .seed = 2}, [&](Communicator& communicator) {
    FakeRun own = run;
    const bool asked = communicator.rank() == 1;
    own.wants_stop = [asked](std::uint32_t round) { return asked && round == 3; };
    results[static_cast<std::size_t>(communicator.rank())] = run_fake(communicator, own);
  });
  for (const FakeResult& result : results) {
    ASSERT_EQ(result.records.size(), 4u);  // two rounds, the stopped one, the last evaluation
    EXPECT_EQ(result.records[2].ticket.stop, StopReason::signal);
  }
  run.rounds = 2;
  EXPECT_EQ(results[0].last, run_on(1, run).front().last);
}

TEST(RoundLocal, one_flipped_bit_in_one_model_is_found_in_that_round_and_the_silo_named) {
  const FakeRun run{.silos = 4, .flipped_rank = 2};
  try {
    run_on(4, run);
    FAIL() << "a fork went unnoticed";
  } catch (const DivergedError& error) {
    EXPECT_NE(std::string(error.what()).find("silo2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("round 1"), std::string::npos) << error.what();
  }
}

std::string divergence_of(int ranks, int flipped_rank) {
  try {
    run_on(ranks, {.silos = static_cast<std::size_t>(ranks), .flipped_rank = flipped_rank});
  } catch (const DivergedError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(RoundLocal, a_fork_accuses_the_minority_and_where_there_is_none_both_sides) {
  const std::string first = divergence_of(4, 0);
  EXPECT_NE(first.find("the model of silo silo0 "), std::string::npos) << first;
  EXPECT_EQ(first.find("silo1"), std::string::npos) << first;
  const std::string tie = divergence_of(2, 0);
  EXPECT_NE(tie.find("silo0"), std::string::npos) << tie;
  EXPECT_NE(tie.find("silo1"), std::string::npos) << tie;
}

TEST(RoundLocal, open_names_what_differs_when_it_is_not_the_model) {
  try {
    run_local_ranks({.size = 3, .seed = 2}, [&](Communicator& communicator) {
      (void)run_fake(communicator, {.silos = 3, .lane_bits = communicator.rank() == 1 ? 16u : 8u});
    });
    FAIL() << "differing lanes went unnoticed";
  } catch (const DivergedError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("round 2: the lane width of silo silo1 "), std::string::npos) << text;
    EXPECT_EQ(text.find("the model"), std::string::npos) << text;
  }
}

TEST(RoundLocal, too_many_silos_for_narrow_lanes_are_refused_before_anything_is_trained) {
  EXPECT_THROW(run_on(1, {.silos = 15, .rounds = 0, .lane_bits = 8}), ConfigError);
  EXPECT_NO_THROW(run_on(1, {.silos = 14, .rounds = 0, .lane_bits = 8}));
}

TEST(RoundLocal, differing_settings_are_refused_before_the_first_round) {
  try {
    run_local_ranks({.size = 3, .seed = 2}, [&](Communicator& communicator) {
      FakeRun run{.silos = 3};
      run.config_of_rank = communicator.rank() == 2 ? 1 : 0;
      (void)run_fake(communicator, run);
    });
    FAIL() << "differing settings went unnoticed";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("silo2"), std::string::npos) << error.what();
  }
}

TEST(RoundLocal, a_silo_that_falls_silent_is_named_within_its_deadline_of_virtual_time) {
  try {
    run_local_ranks({.size = 4, .seed = 3}, [&](Communicator& communicator) {
      FakeRun run{.silos = 4};
      const bool leaves = communicator.rank() == 3;
      run.wants_stop = [leaves](std::uint32_t round) -> bool {
        if (leaves && round == 2) throw InternalError("this silo dies here");
        return false;
      };
      try {
        (void)run_fake(communicator, run);
      } catch (const InternalError&) {
        return;  // it is gone without a word; the others must find out
      }
    });
    FAIL() << "a silent silo went unnoticed";
  } catch (const PeerLostError& error) {
    EXPECT_NE(std::string(error.what()).find("silo3"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("round 2"), std::string::npos) << error.what();
  }
}

TEST(HostedSilos, are_contiguous_even_and_complete) {
  for (std::size_t silos = 1; silos <= 9; ++silos)
    for (int ranks = 1; ranks <= static_cast<int>(silos); ++ranks) {
      std::uint32_t next = 0;
      for (int rank = 0; rank < ranks; ++rank)
        for (SiloId id : hosted_silos(silos, ranks, rank)) EXPECT_EQ(id.value, next++);
      EXPECT_EQ(next, silos);
    }
  EXPECT_THROW((void)hosted_silos(2, 3, 0), EnvironmentError);
}

}  // namespace
}  // namespace crossilo::test
