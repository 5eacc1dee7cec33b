// Aim: test rows are the wanted share of every stratum, groups stay whole, and a seed means the same everywhere.
// Method: counts over generated rows; the known first values of the published hashes; one split written down.
#include "crossilo/data/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace crossilo {
namespace {

std::vector<std::uint64_t> single_rows(std::size_t rows) {
  std::vector<std::uint64_t> groups(rows);
  std::iota(groups.begin(), groups.end(), 0);
  return groups;
}

std::size_t count(const std::vector<bool>& is_test) {
  return static_cast<std::size_t>(std::count(is_test.begin(), is_test.end(), true));
}

TEST(Split, UsesThePublishedHashes) {
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafu);                    // the first output of SplitMix64 with seed 0
  EXPECT_EQ(mix64(0x9e3779b97f4a7c15u), 0x6e789e6aa1b965f4u);  // and the second
  EXPECT_EQ(hash64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(hash64("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(hash64("foobar"), 0x85944171f73967e8u);
}

TEST(Split, TakesTheShareOfEveryStratum) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<std::size_t> strata;
    for (std::size_t row = 0; row < 123; ++row) strata.push_back(row < 8 ? 0 : 1);
    const auto is_test = split_rows(strata, single_rows(123), {0.25, seed});
    EXPECT_EQ(std::count(is_test.begin(), is_test.begin() + 8, true), 2);
    EXPECT_EQ(std::count(is_test.begin() + 8, is_test.end(), true), 29);  // of 115
  }
}

TEST(Split, LeavesARowOfEveryStratumForTraining) {
  const std::vector<std::size_t> strata = {0, 1, 1, 1, 1};
  const auto is_test = split_rows(strata, single_rows(5), {0.9, 1});
  EXPECT_FALSE(is_test[0]);
  EXPECT_EQ(count(is_test), 3u);
  EXPECT_EQ(count(split_rows(strata, single_rows(5), {0.0, 1})), 0u);
}

TEST(Split, KeepsGroupsWholeAndMeetsTheShare) {
  std::vector<std::size_t> strata;
  std::vector<std::uint64_t> groups;
  for (std::uint64_t group = 0; group < 100; ++group)
    for (std::uint64_t row = 0; row <= group % 5; ++row) {
      groups.push_back(group * 977);
      strata.push_back((group + row) % 4 == 0 ? 1 : 0);
    }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto is_test = split_rows(strata, groups, {0.25, seed});
    std::map<std::uint64_t, bool> of_group;
    for (std::size_t row = 0; row < groups.size(); ++row)
      EXPECT_EQ(of_group.try_emplace(groups[row], is_test[row]).first->second, is_test[row]);
    EXPECT_NEAR(static_cast<double>(count(is_test)), 0.25 * static_cast<double>(groups.size()), 3.0);
  }
}

TEST(Split, IsTheSameOnEveryMachine) {
  const std::vector<std::size_t> strata(12, 0);
  const auto is_test = split_rows(strata, single_rows(12), {0.25, 1});
  std::string text;
  for (const bool test : is_test) text += test ? 't' : '-';
  EXPECT_EQ(text, "------t-tt--");
  EXPECT_NE(split_rows(std::vector<std::size_t>(100, 0), single_rows(100), {0.25, 1}),
            split_rows(std::vector<std::size_t>(100, 0), single_rows(100), {0.25, 2}));
}

}  // namespace
}  // namespace crossilo
