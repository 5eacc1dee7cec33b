// Aim: every message names a rank in one way.
// Method: identities with and without silos and a site.
#include "crossilo/base/rank_identity.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

TEST(RankIdentity, IsNamedByWhatIsKnown) {
  EXPECT_EQ(name_of({.rank = 3, .silos = "va", .host = "n4", .site = "north"}),
            "silo va (rank 3, host n4, site north)");
  EXPECT_EQ(name_of({.rank = 0, .silos = "a, b", .host = "n1"}), "silos a, b (rank 0, host n1)");
  EXPECT_EQ(name_of({.rank = 1, .silos = "", .host = "n1"}), "rank 1 (host n1)");
  EXPECT_EQ(name_of({.rank = 1, .silos = "", .host = "n1", .site = "x"}), "rank 1 (host n1, site x)");
}

}  // namespace
}  // namespace crossilo
