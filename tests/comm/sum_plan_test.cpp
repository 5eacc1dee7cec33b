// Aim: a plan adds every word of every rank exactly once, and sends no more across a border than it must.
// Method: all partitions of up to 8 ranks into sites, each cut into nodes in several ways; the plans of all ranks are
// carried out word by word, as sets of who is in a sum.
#include "crossilo/comm/sum_plan.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "comm/site_shapes.hpp"

namespace crossilo::test {
namespace {

/// Carries out all plans of a shape on sets: bit r of a word says that rank r's word is in it.
struct Simulation {
  const SumShape& shape;
  std::size_t words;
  std::vector<SumPlan> plans;
  std::vector<std::vector<std::uint32_t>> held;  // of each rank

  Simulation(const SumShape& shape_of, std::size_t count) : shape(shape_of), words(count) {
    for (int rank = 0; rank < static_cast<int>(shape.ranks()); ++rank) {
      plans.push_back(plan_sum(shape, rank, words));
      held.emplace_back(words, 1U << rank);
    }
  }

  /// Adds disjoint sets; a word that came twice is a mistake.
  static void add(std::uint32_t& set, std::uint32_t other) {
    EXPECT_EQ(set & other, 0U);
    set |= other;
  }

  void reduce_in_nodes() {
    const auto before = held;
    for (std::size_t rank = 0; rank < plans.size(); ++rank)
      for (const int peer : plans[rank].node)
        for (std::size_t i = plans[rank].own_slice().begin; i < plans[rank].own_slice().end; ++i)
          if (peer != static_cast<int>(rank)) add(held[rank][i], before[static_cast<std::size_t>(peer)][i]);
  }

  void reduce(std::size_t level) {
    const auto before = held;
    for (std::size_t rank = 0; rank < plans.size(); ++rank)
      for (const SumCell& cell : plans[rank].levels[level])
        for (const int peer : cell.owners)
          for (std::size_t i = cell.own_part().begin; i < cell.own_part().end; ++i)
            if (peer != static_cast<int>(rank)) add(held[rank][i], before[static_cast<std::size_t>(peer)][i]);
  }

  void spread(std::size_t level) {
    const auto before = held;
    for (std::size_t rank = 0; rank < plans.size(); ++rank)
      for (const SumCell& cell : plans[rank].levels[level])
        for (std::size_t k = 0; k < cell.owners.size(); ++k)
          for (std::size_t i = cell.part(k).begin; i < cell.part(k).end; ++i)
            held[rank][i] = before[static_cast<std::size_t>(cell.owners[k])][i];
  }

  void gather_in_nodes() {
    const auto before = held;
    for (std::size_t rank = 0; rank < plans.size(); ++rank)
      for (std::size_t k = 0; k < plans[rank].node.size(); ++k)
        for (std::size_t i = plans[rank].slice(k).begin; i < plans[rank].slice(k).end; ++i)
          held[rank][i] = before[static_cast<std::size_t>(plans[rank].node[k])][i];
  }
};

TEST(SumPlanTest, AddsEveryWordOfEveryRankOnce) {
  for (const SumShape& shape : all_site_shapes()) {
    for (const std::size_t words : {0u, 1u, 15u, 16u, 17u, 100u, 1000u}) {
      Simulation simulation(shape, words);
      simulation.reduce_in_nodes();
      simulation.reduce(0);
      simulation.reduce(1);
      simulation.spread(1);
      simulation.spread(0);
      simulation.gather_in_nodes();
      const std::uint32_t everybody = (1U << shape.ranks()) - 1;
      for (const auto& held : simulation.held)
        ASSERT_EQ(held, std::vector<std::uint32_t>(words, everybody)) << describe(shape) << ", " << words << " words";
    }
  }
}

/// Words that cross the border of a site in one direction.
std::size_t words_leaving(const SumShape& shape, int site, std::size_t words) {
  std::size_t leaving = 0;
  for (int rank = 0; rank < static_cast<int>(shape.ranks()); ++rank) {
    if (shape.site_of_rank[static_cast<std::size_t>(rank)] != site) continue;
    for (const SumCell& cell : plan_sum(shape, rank, words).levels[1])
      leaving += cell.words.words() - cell.own_part().words() + (cell.owners.size() - 1) * cell.own_part().words();
  }
  return leaving;
}

TEST(SumPlanTest, NoMoreCrossesABorderThanItMust) {
  constexpr std::size_t kWords = 1 << 20;
  for (const SumShape& shape : all_site_shapes()) {
    const int sites = 1 + *std::ranges::max_element(shape.site_of_rank);
    const double least = 2.0 * (sites - 1) / sites * kWords;
    for (int site = 0; site < sites; ++site)
      EXPECT_NEAR(static_cast<double>(words_leaving(shape, site, kWords)), least, 0.001 * least) << describe(shape);
  }
}

TEST(SumPlanTest, AllRanksOfALargeSiteTalkToTheFewOfASmallOne) {
  const SumShape shape{.site_of_rank = {0, 0, 0, 1}, .node_of_rank = {0, 0, 0, 3}};
  for (int rank = 0; rank < 3; ++rank) {
    const SumPlan plan = plan_sum(shape, rank, 960);
    ASSERT_EQ(plan.levels[1].size(), 1u);
    EXPECT_EQ(plan.levels[1].front().owners, (std::vector<int>{rank, 3}));
    EXPECT_EQ(plan.levels[1].front().words.words(), 320u);
  }
  EXPECT_EQ(plan_sum(shape, 3, 960).levels[1].size(), 3u);
}

TEST(SumPlanTest, LongPartsStandOnCacheLinesAndAllCoverTheRange) {
  for (const std::size_t words : {0u, 5u, 16u, 33u, 448u, 1000u}) {
    std::size_t covered = 0;
    for (std::size_t k = 0; k < 7; ++k) {
      const WordRange part = part_of({32, 32 + words}, k, 7);
      EXPECT_EQ(part.begin, 32 + covered);
      EXPECT_TRUE(part.begin % 16 == 0 || words < 448);
      covered += part.words();
    }
    EXPECT_EQ(covered, words);
  }
}

}  // namespace
}  // namespace crossilo::test
