// Aim: one rule says what a silo may be called, and any text has a nearest name.
// Method: names at the edge of the rule; texts with capitals, blanks, dots, and characters of several bytes.
#include "crossilo/base/silo_name.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

TEST(SiloName, SaysWhyATextIsNone) {
  for (const char* name : {"a", "va", "site_1", "st-mary", "0"}) EXPECT_EQ(silo_name_fault(name), "") << name;
  EXPECT_EQ(silo_name_fault(std::string(64, 'a')), "");
  EXPECT_EQ(silo_name_fault(std::string(65, 'a')), "has 65 characters");
  EXPECT_EQ(silo_name_fault(""), "is empty");
  EXPECT_EQ(silo_name_fault("Va"), "has a capital letter");
  EXPECT_EQ(silo_name_fault("a.b"), "has the character \".\"");
  EXPECT_EQ(silo_name_fault("zürich"), "has the character \"ü\"");
  EXPECT_EQ(silo_name_fault("a\xff"), "has the character \"\\xff\"");
}

TEST(SiloName, HasANearestOneForEveryText) {
  EXPECT_EQ(nearest_silo_name("Royal_North"), "royal_north");
  EXPECT_EQ(nearest_silo_name("St-Mary"), "st-mary");
  EXPECT_EQ(nearest_silo_name("a.b c"), "a_b_c");
  EXPECT_EQ(nearest_silo_name("Zürich"), "z_rich");
  EXPECT_EQ(nearest_silo_name("../\xff"), "____");
  EXPECT_EQ(nearest_silo_name("-a"), "_a");
  EXPECT_EQ(nearest_silo_name(""), "");
}

}  // namespace
}  // namespace crossilo
