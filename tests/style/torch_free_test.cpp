// Aim: a program that uses nothing of libtorch can be built on the library without linking it.
// Method: use the lowest layer only; links.sh then looks at what this binary needs.
#include <gtest/gtest.h>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/version.hpp"

namespace {

TEST(TorchFree, UsesTheLowestLayer) {
  EXPECT_THROW(CROSSILO_ASSERT(std::string(crossilo::kVersion).empty()), crossilo::InternalError);
}

}  // namespace
