// Aim: n ranks with agreed keys in one process.
// Method: fixed private keys, so that a test sees the same masks in every run.
#pragma once

#include <string>
#include <vector>

#include "crossilo/aggregate/key_agreement.hpp"
#include "crossilo/aggregate/mask.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo::testing {

inline Hash256 epoch_of(const std::string& text) { return Sha256().update("epoch " + text).finish(); }

/// The key pairs of n ranks; rank i has silo id 3 i + 1, so that ids are not ranks.
struct KeyRing {
  std::vector<X25519> pairs;
  std::vector<PublicIdentity> identities;

  explicit KeyRing(std::size_t ranks) {
    for (std::uint32_t i = 0; i < ranks; ++i) {
      pairs.emplace_back(Sha256().update("private key " + std::to_string(i)).finish());
      identities.push_back(
          {.id = {3 * i + 1}, .public_key = pairs.back().public_key(), .name = "silo " + std::to_string(3 * i + 1)});
    }
  }
  std::vector<PairKey> keys_of(std::size_t rank, const Hash256& epoch) const {
    return agree_pair_keys(pairs[rank], identities[rank].id, identities, epoch);
  }
  PairwiseMask mask_of(std::size_t rank, const Hash256& epoch) const {
    return {identities[rank].id, keys_of(rank, epoch), epoch};
  }
};

}  // namespace crossilo::testing
