// Aim: one secret key for each pair of ranks, agreed over public messages.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {

/// What a rank shows to all others at the start.
struct PublicIdentity {
  SiloId id;                             // the rank's lowest hosted silo
  std::array<std::byte, 32> public_key;  // X25519, fresh for this start
  std::string name;                      // for messages: "silo va (rank 3, host n4)"
};

/// The key that this rank shares with one other.
struct PairKey {
  SiloId peer;
  SecretKey key;  // HKDF(X25519, salt = epoch, "crossilo/1|pair key|" lower id | higher id)
};

/// The `info` of the key between two ranks.
[[nodiscard]] std::string pair_key_info(SiloId one, SiloId other);

/// Pair keys with everybody but oneself, ascending by peer id.
/// Throws: EnvironmentError on equal ids, equal keys or a small-order point; names the silos.
[[nodiscard]] std::vector<PairKey> agree_pair_keys(const X25519& own, SiloId own_id,
                                                   std::span<const PublicIdentity> everybody, const Hash256& epoch);

}  // namespace crossilo
