// Aim: a round's cohort is a fair sample that follows from seed and round alone, and never holds a silo without weight.
// Method: counts over many rounds, and one golden sample that must be the same on every machine.
#include "crossilo/round/cohort.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

Cohort roster_of(std::size_t silos) {
  Cohort roster;
  for (std::uint32_t silo = 0; silo < silos; ++silo) {
    roster.silos.push_back(SiloId{silo});
    roster.weights.push_back(100 + silo);
  }
  return roster;
}

Cohort sample_of(const Cohort& roster, std::size_t silos, std::uint64_t seed, std::uint32_t round) {
  Cohort cohort;
  sample_cohort(roster, silos, public_root(seed), RoundIndex{round}, cohort);
  return cohort;
}

TEST(Cohort, is_everybody_where_no_sample_is_wanted_or_possible) {
  const Cohort roster = roster_of(5);
  for (const std::size_t silos : {0u, 5u, 9u}) EXPECT_EQ(sample_of(roster, silos, 1, 1).silos, roster.silos);
}

TEST(Cohort, holds_each_silo_about_equally_often_with_its_own_weight_in_order) {
  const Cohort roster = roster_of(20);
  std::vector<int> taken(20);
  constexpr int kRounds = 4000;
  for (std::uint32_t round = 1; round <= kRounds; ++round) {
    const Cohort cohort = sample_of(roster, 5, 1, round);
    ASSERT_EQ(cohort.size(), 5u);
    ASSERT_TRUE(std::ranges::is_sorted(cohort.silos));
    ASSERT_EQ(std::ranges::adjacent_find(cohort.silos), cohort.silos.end());
    for (std::size_t i = 0; i < cohort.size(); ++i) {
      ++taken[cohort.silos[i].value];
      ASSERT_EQ(cohort.weights[i], roster.weight(cohort.silos[i]));
    }
  }
  // 1000 expected, deviation sqrt(4000 x 0.25 x 0.75) = 27: six deviations.
  for (const int count : taken) EXPECT_NEAR(count, 1000, 165);
}

TEST(Cohort, follows_from_the_seed_and_the_round_alone) {
  const Cohort roster = roster_of(10);
  const auto sample = [&](std::uint64_t seed, std::uint32_t round) {
    std::vector<std::uint32_t> ids;
    for (const SiloId silo : sample_of(roster, 3, seed, round).silos) ids.push_back(silo.value);
    return ids;
  };
  EXPECT_EQ(sample(1, 1), sample(1, 1));
  EXPECT_NE(sample(1, 1), sample(1, 2));
  EXPECT_NE(sample(1, 1), sample(2, 1));
  EXPECT_EQ(sample(1, 1), (std::vector<std::uint32_t>{0, 1, 4}));
}

TEST(Cohort, passes_over_silos_without_weight) {
  Cohort roster = roster_of(6);
  roster.weights[2] = 0;
  for (std::uint32_t round = 1; round <= 50; ++round) EXPECT_FALSE(sample_of(roster, 3, 1, round).contains(SiloId{2}));
}

}  // namespace
}  // namespace crossilo
