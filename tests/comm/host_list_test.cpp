// Aim: lists of hosts expand as Slurm's own do, and what is none is refused by part.
// Method: a table of lists; each is also what `scontrol show hostnames` makes of it.
#include "crossilo/comm/host_list.hpp"

#include <gtest/gtest.h>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

using Hosts = std::vector<std::string>;

TEST(HostList, ExpandsRangesListsAndLeadingZeros) {
  EXPECT_EQ(expand_hosts("n1"), (Hosts{"n1"}));
  EXPECT_EQ(expand_hosts("n[1-3,7], m1 ,x.example.org"), (Hosts{"n1", "n2", "n3", "n7", "m1", "x.example.org"}));
  EXPECT_EQ(expand_hosts("n[08-11]"), (Hosts{"n08", "n09", "n10", "n11"}));
  EXPECT_EQ(expand_hosts("gpu[001,3]-ib"), (Hosts{"gpu001-ib", "gpu3-ib"}));
  EXPECT_EQ(expand_hosts("r[1-2]n[0-1]"), (Hosts{"r1n0", "r1n1", "r2n0", "r2n1"}));
  EXPECT_EQ(expand_hosts("n[5-5]"), (Hosts{"n5"}));
  EXPECT_EQ(expand_hosts("n[18446744073709551615]"), (Hosts{"n18446744073709551615"})) << "nothing is above it";
  EXPECT_EQ(expand_hosts("n[18446744073709551614-18446744073709551615]"),
            (Hosts{"n18446744073709551614", "n18446744073709551615"}));
  EXPECT_EQ(expand_hosts("n[1-100000]").size(), kHostsMax);
}

TEST(HostList, SaysWhichPartIsNoHost) {
  const auto said = [](const char* list) -> std::string {
    try {
      (void)expand_hosts(list);
      return "accepted";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(said("n1, n[1-"), "\"n[1-\" has no ] to its [");
  EXPECT_EQ(said("n1,,n2"), "\"\" is empty");
  EXPECT_EQ(said(""), "\"\" is empty");
  EXPECT_EQ(said("n[3-1]"), "\"n[3-1]\" has a range that runs backwards");
  for (const char* list : {"n[a-b]", "n[]", "n[1-]", "n[-1]", "n[1,,2]", "n[1-2-3]", "n[99999999999999999999]"})
    EXPECT_EQ(said(list), std::string("\"") + list + "\" has something else than numbers in its brackets");
  for (const char* list : {"n]1", "n 1", "n*", "n[1]]", "n1:2"})
    EXPECT_EQ(said(list), std::string("\"") + list + "\" is no name of a host");
  EXPECT_EQ(said("n[1][1][1][1][1][1][1][1][1]"), "\"n[1][1][1][1][1][1][1][1][1]\" has more than 8 pairs of brackets");
  EXPECT_NE(said((std::string(254, 'n') + "[1-9]").c_str()).find("is longer than the 253 characters"),
            std::string::npos);
  EXPECT_NE(said(("n[" + std::string(21, '0') + "-9]").c_str()).find("something else than numbers"), std::string::npos);
  EXPECT_EQ(said("n[0-100000]"), "\"n[0-100000]\" names more than 100000 hosts");
  EXPECT_EQ(said("r[1-1000]n[1-1000]"), "\"r[1-1000]n[1-1000]\" is more than 100000 hosts");
}

TEST(HostList, KnowsAHostWithAndWithoutItsDomain) {
  EXPECT_TRUE(is_same_host("n1", "n1"));
  EXPECT_TRUE(is_same_host("n1", "n1.example.org"));
  EXPECT_TRUE(is_same_host("n1.example.org", "n1"));
  EXPECT_FALSE(is_same_host("n1", "n10"));
  EXPECT_FALSE(is_same_host("n1.a", "n1.a.b")) << "two domains are two hosts";
  EXPECT_FALSE(is_same_host("", ".example.org"));
}

}  // namespace
}  // namespace crossilo
