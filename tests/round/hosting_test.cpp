// Aim: ranks that say who they are become those silos, in any order; contradictions are refused alike on all ranks.
// Method: LocalCommunicator with made-up claims; a federation whose ranks stand in another order has the same model.
#include "crossilo/round/hosting.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "round/fake_federation.hpp"

namespace crossilo::test {
namespace {

const std::vector<std::string> kSilos = {"a", "b", "c"};
const Deadline kDeadline{.seconds = 5.0, .step = "start-up"};

std::string refusal(const std::vector<std::string>& claims, const std::vector<SiloId>& missing = {}) {
  std::string text = "accepted";
  int refused = 0;
  const int ranks = static_cast<int>(claims.size());
  run_local_ranks({.size = ranks, .seed = 1}, [&](Communicator& communicator) {
    try {
      (void)agree_on_hosting(communicator, kSilos, claims[static_cast<std::size_t>(communicator.rank())], kDeadline,
                             missing);
    } catch (const EnvironmentError& error) {
      text = error.what();
      ++refused;
    }
  });
  EXPECT_TRUE(refused == 0 || refused == ranks);
  return text;
}

TEST(Hosting, follows_the_order_of_the_roster_where_nobody_says_who_is_who) {
  run_local_ranks({.size = 2, .seed = 1}, [](Communicator& communicator) {
    const Hosting hosting = agree_on_hosting(communicator, kSilos, "", kDeadline);
    EXPECT_FALSE(hosting.is_claimed);
    EXPECT_TRUE(hosting.is_in_order());
    EXPECT_EQ(hosting.ranks_beside(0), 2);
    EXPECT_EQ(hosting.names(kSilos, 0), "a");
    EXPECT_EQ(hosting.names(kSilos, 1), "b, c");
  });
}

TEST(Hosting, follows_what_the_ranks_say) {
  run_local_ranks({.size = 3, .seed = 1}, [](Communicator& communicator) {
    const std::vector<std::string> claims = {"c", "a", "b"};
    const Hosting hosting =
        agree_on_hosting(communicator, kSilos, claims[static_cast<std::size_t>(communicator.rank())], kDeadline);
    EXPECT_TRUE(hosting.is_claimed);
    EXPECT_FALSE(hosting.is_in_order());
    EXPECT_EQ(hosting.names(kSilos, 0), "c");
    EXPECT_EQ(hosting.names(kSilos, 1), "a");
    EXPECT_EQ(communicator.peer_name(2).find("silo b (rank 2, host "), 0u) << communicator.peer_name(2);
  });
}

TEST(Hosting, contradictions_are_refused_alike_on_all_ranks) {
  EXPECT_NE(refusal({"a", "b", "a"}).find("rank 0 (host "), std::string::npos);
  EXPECT_NE(refusal({"a", "b", "a"}).find("both say silo a"), std::string::npos);
  EXPECT_NE(refusal({"a", "x", "c"}).find("says silo x, which is not in run.silos (a, b, c)"), std::string::npos);
  EXPECT_NE(refusal({"a", "", "c"}).find("says no silo while others do"), std::string::npos);
  EXPECT_NE(refusal({"a", "b"}).find("3 silos, but 2 ranks that claim one each"), std::string::npos);
}

TEST(Hosting, a_missing_silo_is_on_no_rank) {
  const std::vector<SiloId> missing{SiloId{1}};
  run_local_ranks({.size = 2, .seed = 1}, [&](Communicator& communicator) {
    const Hosting hosting = agree_on_hosting(communicator, kSilos, "", kDeadline, missing);
    EXPECT_EQ(hosting.names(kSilos, 0), "a");
    EXPECT_EQ(hosting.names(kSilos, 1), "c");
  });
  EXPECT_EQ(refusal({"c", "a"}, missing), "accepted");
  EXPECT_NE(refusal({"a", "b"}, missing).find("says silo b, which --without_silos leaves out"), std::string::npos);
  EXPECT_EQ(present_silos(3, missing), (std::vector<SiloId>{SiloId{0}, SiloId{2}}));
}

TEST(Hosting, ranks_in_another_order_make_the_same_model) {
  std::vector<std::vector<float>> models;
  for (const std::vector<std::uint32_t>& order : {std::vector<std::uint32_t>{0, 1, 2}, {2, 0, 1}}) {
    run_local_ranks({.size = 3, .seed = 1}, [&](Communicator& communicator) {
      const SiloId own{order[static_cast<std::size_t>(communicator.rank())]};
      const FakeResult result = run_fake(communicator, {.silos = 3, .own_silo = own});
      if (communicator.rank() == 0) models.push_back(result.last);
    });
  }
  EXPECT_EQ(models.at(0), models.at(1));
}

}  // namespace
}  // namespace crossilo::test
