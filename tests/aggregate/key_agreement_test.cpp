// Aim: both ends of a pair hold the same key, nobody else does, and bad identities are refused by name.
// Method: key rings of 2 to 7 ranks; identities spoiled one at a time.
#include "crossilo/aggregate/key_agreement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "aggregate/federation_of_masks.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

using testing::epoch_of;
using testing::KeyRing;

std::string refusal(const KeyRing& ring, const std::vector<PublicIdentity>& everybody) {
  try {
    (void)agree_pair_keys(ring.pairs[0], ring.identities[0].id, everybody, epoch_of("1"));
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(KeyAgreement, EachPairHasOneKeyOfItsOwn) {
  for (std::size_t ranks = 2; ranks <= 7; ++ranks) {
    const KeyRing ring(ranks);
    std::set<Key256> distinct;
    for (std::size_t i = 0; i < ranks; ++i) {
      const auto keys = ring.keys_of(i, epoch_of("1"));
      ASSERT_EQ(keys.size(), ranks - 1);
      EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(), [](auto& a, auto& b) { return a.peer < b.peer; }));
      for (const PairKey& pair : keys) {
        EXPECT_NE(pair.peer, ring.identities[i].id);
        distinct.insert(pair.key.bytes());
      }
    }
    EXPECT_EQ(distinct.size(), ranks * (ranks - 1) / 2);  // each key is held by exactly two
  }
}

TEST(KeyAgreement, TheOrderOfIdentitiesDoesNotMatter) {
  const KeyRing ring(4);
  std::vector<PublicIdentity> reversed(ring.identities.rbegin(), ring.identities.rend());
  const auto keys = agree_pair_keys(ring.pairs[2], ring.identities[2].id, reversed, epoch_of("1"));
  const auto expected = ring.keys_of(2, epoch_of("1"));
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i].key, expected[i].key);
}

TEST(KeyAgreement, AnotherEpochGivesOtherKeys) {
  const KeyRing ring(2);
  EXPECT_NE(ring.keys_of(0, epoch_of("1"))[0].key, ring.keys_of(0, epoch_of("2"))[0].key);
}

TEST(KeyAgreement, KeysDependOnBothIds) {
  KeyRing ring(2);
  const SecretKey key = std::move(ring.keys_of(0, epoch_of("1"))[0].key);
  ring.identities[1].id = {5};
  EXPECT_NE(ring.keys_of(0, epoch_of("1"))[0].key, key);
  EXPECT_EQ(pair_key_info({4}, {1}), pair_key_info({1}, {4}));
}

TEST(KeyAgreement, OneRankAloneHasNoKeys) { EXPECT_TRUE(KeyRing(1).keys_of(0, epoch_of("1")).empty()); }

TEST(KeyAgreement, BadIdentitiesAreRefusedByName) {
  const KeyRing ring(3);
  auto same_id = ring.identities;
  same_id[2].id = same_id[1].id;
  EXPECT_NE(refusal(ring, same_id).find("silo 4"), std::string::npos);

  auto same_key = ring.identities;
  same_key[2].public_key = same_key[1].public_key;
  EXPECT_NE(refusal(ring, same_key).find("silo 4 and silo 7"), std::string::npos);

  auto small_order = ring.identities;
  small_order[2].public_key = {std::byte{1}};
  EXPECT_NE(refusal(ring, small_order).find("silo 7"), std::string::npos);
}

}  // namespace
}  // namespace crossilo
