// Aim: whether, when and without whom a run is started again follows from how its starts ended.
// Method: made-up ends of starts, one after another.
#include "crossilo/launch/relaunches.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

using Names = std::vector<std::string>;

StartEnd lost(const std::string& silo, std::uint32_t finished, std::uint32_t from = 0) {
  return {.outcome = {ExitCode::peer_lost, "silo " + silo + " died; the last finished round is 3. Advice", silo},
          .from = {from},
          .finished = {finished}};
}

StartEnd failed(const std::string& silo, ExitCode exit_code = ExitCode::data) {
  return {.outcome = {exit_code, "silo " + silo + ": no such file; nothing was trained", silo}};
}

TEST(Relaunches, GoesOnLongerPausesApartUntilTheLimit) {
  Relaunches relaunches({.silos = 4, .silos_min = 4, .in_a_row_max = 3});
  for (const double pause : {1.0, 2.0, 4.0}) {
    const auto next = relaunches.after(lost("c", 5));
    ASSERT_TRUE(next) << pause;
    EXPECT_EQ(next->pause_seconds, pause);
    EXPECT_EQ(next->why, "silo c died");
    EXPECT_TRUE(next->missing.empty());
  }
  EXPECT_FALSE(relaunches.after(lost("c", 5)));
  const Outcome outcome = relaunches.closing(lost("c", 5).outcome);
  EXPECT_EQ(outcome.exit_code, ExitCode::peer_lost);
  EXPECT_NE(outcome.text.find("started again 3 times without a new finished round"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("Silo c does not come back; run.min_silos"), std::string::npos) << outcome.text;
}

TEST(Relaunches, ANewFinishedRoundBeginsTheRowAnew) {
  Relaunches relaunches({.silos = 4, .silos_min = 4, .in_a_row_max = 1});
  for (const std::uint32_t finished : {5U, 6U, 9U}) {
    const auto next = relaunches.after(lost("c", finished, 4));
    ASSERT_TRUE(next) << finished;
    EXPECT_EQ(next->in_a_row, 1U);
  }
  EXPECT_FALSE(relaunches.after(lost("c", 9, 4))) << "round 9 was finished before";
}

TEST(Relaunches, LeavesOthersEndsAlone) {
  for (const ExitCode code : {ExitCode::success, ExitCode::configuration, ExitCode::environment, ExitCode::data,
                              ExitCode::diverged, ExitCode::storage, ExitCode::requeue, ExitCode::interrupted}) {
    Relaunches relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 3});
    EXPECT_FALSE(relaunches.after(failed("c", code))) << static_cast<int>(code);
    EXPECT_EQ(relaunches.closing(failed("c", code).outcome).exit_code, code);
  }
  StartEnd stopped = lost("c", 5);
  stopped.was_stopped = true;
  EXPECT_FALSE(Relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 3}).after(stopped));
  EXPECT_FALSE(Relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 0}).after(lost("c", 5)));
}

TEST(Relaunches, LeavesOutASiloThatIsLostAgainWhereThatIsAllowed) {
  for (const StartEnd& again : {lost("c", 5), failed("c"), failed("c", ExitCode::storage)}) {
    Relaunches relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 3});
    EXPECT_TRUE(relaunches.after(lost("c", 5))->missing.empty());
    EXPECT_EQ(relaunches.after(again)->missing, Names{"c"});
    EXPECT_EQ(relaunches.after(lost("d", 5))->missing, Names{"c"}) << "of the rest one must not go";
  }
}

TEST(Relaunches, AnotherSilosFirstFailureIsNoReasonToLeaveItOut) {
  Relaunches relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 3});
  EXPECT_TRUE(relaunches.after(lost("c", 5)));
  EXPECT_FALSE(relaunches.after(failed("d"))) << "it was never lost: a person should look";
}

TEST(Relaunches, ASiloIsTakenInAgainAtTheNextStart) {
  Relaunches relaunches({.silos = 5, .silos_min = 3, .in_a_row_max = 3});
  (void)relaunches.after(lost("c", 5));
  EXPECT_EQ(relaunches.after(failed("c"))->missing, Names{"c"});
  EXPECT_TRUE(relaunches.after(lost("d", 12))->missing.empty());
  EXPECT_EQ(relaunches.after(failed("c"))->missing, Names{"c"}) << "it is still away";
  EXPECT_EQ(relaunches.after(lost("d", 12))->missing, (Names{"c", "d"}));
}

StartEnd displaced(StartEnd end, Names silos) {
  end.displaced = std::move(silos);
  return end;
}

TEST(Relaunches, ADisplacedSiloIsLeftOutAtOnce) {
  Relaunches relaunches({.silos = 5, .silos_min = 3, .in_a_row_max = 3});
  EXPECT_EQ(relaunches.after(displaced(lost("c", 5), {"c", "d"}))->missing, (Names{"c", "d"}));
  EXPECT_EQ(relaunches.after(displaced(lost("a", 5), {"c", "d"}))->missing, (Names{"c", "d"})) << "named only once";
  EXPECT_EQ(relaunches.after(displaced(lost("a", 9), {"d"}))->missing, Names{"d"}) << "the host of silo c is back";
}

TEST(Relaunches, TellsWhoIsMissingBeforeAnEndIsJudged) {
  Relaunches relaunches({.silos = 5, .silos_min = 3, .in_a_row_max = 3});
  EXPECT_EQ(relaunches.missing(), Names{});
  (void)relaunches.after(displaced(lost("c", 5), {"c"}));
  EXPECT_EQ(relaunches.missing(), Names{"c"});
  EXPECT_EQ(relaunches.still_missing(lost("a", 5)), Names{"c"});
  EXPECT_EQ(relaunches.still_missing(lost("a", 6)), Names{}) << "all come back";
  EXPECT_EQ(relaunches.still_missing(lost("a", 6, 6)), Names{"c"}) << "round 6 was finished before";
  EXPECT_EQ(relaunches.missing(), Names{"c"}) << "asking changes nothing";
}

TEST(Relaunches, EndsWhereADisplacedSiloMayNotBeLeftOut) {
  Relaunches relaunches({.silos = 4, .silos_min = 3, .in_a_row_max = 3});
  const StartEnd end = displaced(lost("c", 5), {"c", "d"});
  EXPECT_FALSE(relaunches.after(end));
  const Outcome outcome = relaunches.closing(end.outcome);
  EXPECT_EQ(outcome.exit_code, ExitCode::peer_lost);
  EXPECT_EQ(outcome.text.find(end.outcome.text), 0U) << "which silo, where and when it was lost stands in front";
  EXPECT_NE(outcome.text.find("silo c, d has no place any more"), std::string::npos) << outcome.text;
}

TEST(Relaunches, AStartThatNobodyCouldTellOfCountsAsLost) {
  Relaunches relaunches({.silos = 4, .silos_min = 4, .in_a_row_max = 2});
  StartEnd silent = failed("", ExitCode::environment);
  silent.is_of_a_rank = false;
  EXPECT_FALSE(Relaunches({.silos = 4, .silos_min = 4, .in_a_row_max = 2}).after(silent)) << "the first start";
  EXPECT_TRUE(relaunches.after(lost("c", 5)));
  EXPECT_TRUE(relaunches.after(silent));
  EXPECT_FALSE(relaunches.after(silent));
  EXPECT_EQ(relaunches.closing(silent.outcome).exit_code, ExitCode::peer_lost);
}

}  // namespace
}  // namespace crossilo
