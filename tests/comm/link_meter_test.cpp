// Aim: sums tell the round trip of every two sites, whoever came late, and what a link carries; too little tells
// nothing. Method: links of known delay and rate on virtual time, between uneven sites.
#include "crossilo/comm/link_meter.hpp"

#include <gtest/gtest.h>

#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "support/long_links.hpp"

namespace crossilo::test {
namespace {

constexpr double kTickSeconds = 1e-3;
constexpr Deadline kDeadline{.seconds = 30.0, .step = "test"};

struct MeteredRun {
  LongLinks links;
  std::vector<double> late_seconds;       // when each rank comes to the sum
  std::vector<std::size_t> statistics{};  // of each sum
  std::size_t words = 0;                  // of the last one
  std::size_t message_words = std::size_t{1} << 13;
};

void wait_until(Communicator& communicator, double seconds) {
  while (communicator.clock().now_seconds() < seconds) communicator.idle();
}

/// What all ranks then say of the links.
std::vector<SiteLink> metered(MeteredRun run, std::uint64_t seed) {
  const std::vector<int>& site_of_rank = run.links.site_of_rank;
  std::vector<std::vector<SiteLink>> told(site_of_rank.size());
  run_local_ranks({.size = static_cast<int>(site_of_rank.size()),
                   .seed = seed,
                   .node_of_rank = site_of_rank,
                   .tick_seconds = kTickSeconds},
                  [&](Communicator& inner) {
                    LongLinkCommunicator communicator(inner, run.links);
                    const auto rank = static_cast<std::size_t>(communicator.rank());
                    RingSum ring_sum(communicator, {.site_of_rank = site_of_rank, .message_words = run.message_words});
                    LinkMeter meter(communicator, site_of_rank);
                    ring_sum.measure(&meter);
                    for (const std::size_t count : run.statistics) {
                      wait_until(communicator, communicator.clock().now_seconds() + run.late_seconds[rank]);
                      std::vector<std::uint64_t> statistics(count);
                      std::vector<std::uint32_t> words(count == run.statistics.back() ? run.words : 0);
                      ring_sum.sum(statistics, words, kDeadline);
                    }
                    told[rank] = meter.gather(kDeadline);
                    ring_sum.measure(nullptr);
                  });
  for (const auto& links : told) {
    EXPECT_EQ(links.size(), told.front().size());
    for (std::size_t i = 0; i < links.size(); ++i) {
      EXPECT_EQ(links[i].round_trip_seconds, told.front()[i].round_trip_seconds);
      EXPECT_EQ(links[i].bytes_per_second, told.front()[i].bytes_per_second);
    }
  }
  return told.front();
}

// Two of the sites are close to each other: that they also wait for the third must not count.
TEST(LinkMeterTest, TellsEveryRoundTripWhoeverComesLate) {
  const double delays[] = {0.002, 0.030, 0.029};  // of 0 and 1, 0 and 2, 1 and 2
  const std::vector<std::vector<double>> all_late = {{0, 0, 0, 0, 0},   {0.2, 0, 0, 0, 0},      {0, 0.2, 0, 0, 0},
                                                     {0, 0, 0.2, 0, 0}, {0, 0.1, 0, 0.2, 0.05}, {0.3, 0, 0.2, 0, 0.1}};
  std::uint64_t seed = 0;
  for (const std::vector<double>& late : all_late)
    for (const std::size_t statistics : {std::size_t{12}, std::size_t{3000}}) {  // straight; by way of the sites
      MeteredRun run{
          .links = {.site_of_rank = {0, 1, 0, 2, 2}, .links = {}}, .late_seconds = late, .statistics = {statistics}};
      run.links.join(0, 1, {.delay_seconds = delays[0]});
      run.links.join(0, 2, {.delay_seconds = delays[1]});
      run.links.join(1, 2, {.delay_seconds = delays[2]});
      const std::vector<SiteLink> links = metered(run, ++seed);
      ASSERT_EQ(links.size(), 3u);
      for (std::size_t i = 0; i < links.size(); ++i) {
        ASSERT_TRUE(links[i].round_trip_seconds);
        EXPECT_GE(*links[i].round_trip_seconds, 2 * delays[i] - 1e-9) << "link " << i << ", case " << seed;
        EXPECT_LE(*links[i].round_trip_seconds, 2 * delays[i] + 4 * kTickSeconds) << "link " << i << ", case " << seed;
        EXPECT_FALSE(links[i].bytes_per_second) << "a few words tell no rate";
      }
      EXPECT_EQ(links[1].site, 0u);
      EXPECT_EQ(links[1].other_site, 2u);
    }
}

TEST(LinkMeterTest, TellsWhatALinkCarriesWhoeverComesLate) {
  for (const std::vector<double>& late : {std::vector<double>{0, 0, 0}, {0.3, 0.3, 0}, {0, 0, 0.3}}) {
    MeteredRun run{.links = {.site_of_rank = {0, 0, 1}, .links = {}},
                   .late_seconds = late,
                   .statistics = {5, 6},
                   .words = 2'000'000};
    run.links.join(0, 1, {.delay_seconds = 0.01, .bytes_per_second = 2e7});
    const std::vector<SiteLink> links = metered(run, 7);
    ASSERT_EQ(links.size(), 1u);
    ASSERT_TRUE(links[0].bytes_per_second);
    // One direction may have been done sooner.
    EXPECT_GE(*links[0].bytes_per_second, 0.8 * 2e7);
    EXPECT_LE(*links[0].bytes_per_second, 1.02 * 2e7);
    // The sum before, of statistics alone, met no queue.
    EXPECT_GE(*links[0].round_trip_seconds, 0.02 - 1e-9);
    EXPECT_LE(*links[0].round_trip_seconds, 0.02 + 4 * kTickSeconds);
  }
}

// In one direction a tenth of the other.
TEST(LinkMeterTest, TellsTheSlowerDirection) {
  MeteredRun run{
      .links = {.site_of_rank = {0, 1}, .links = {}}, .late_seconds = {0, 0}, .statistics = {6}, .words = 2'000'000};
  run.links.links[{0, 1}] = {.bytes_per_second = 2e8};
  run.links.links[{1, 0}] = {.bytes_per_second = 2e7};
  EXPECT_NEAR(metered(run, 8)[0].bytes_per_second.value_or(0.0), 2e7, 1e6);
}

}  // namespace
}  // namespace crossilo::test
