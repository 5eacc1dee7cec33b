// Aim: texts are taken apart without losing or adding a part.
// Method: the cases at the ends: nothing, blanks alone, separators at both ends.
#include "crossilo/base/text.hpp"

#include <gtest/gtest.h>

namespace crossilo {
namespace {

using Texts = std::vector<std::string>;

TEST(Text, DropsBlanksAtTheEndsOnly) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \t\r\n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, KeepsEmptyParts) {
  EXPECT_EQ(parts_of("a,b", ','), (Texts{"a", "b"}));
  EXPECT_EQ(parts_of(",a,", ','), (Texts{"", "a", ""}));
  EXPECT_EQ(parts_of("", ','), (Texts{""}));
}

}  // namespace
}  // namespace crossilo
