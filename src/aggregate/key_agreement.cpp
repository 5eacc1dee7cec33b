#include "crossilo/aggregate/key_agreement.hpp"

#include <algorithm>
#include <string>

#include "crossilo/base/big_endian.hpp"
#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

void refuse_equal_identities(std::span<const PublicIdentity> everybody) {
  for (std::size_t i = 0; i < everybody.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      if (everybody[i].id == everybody[j].id)
        throw EnvironmentError(everybody[j].name + " and " + everybody[i].name +
                               " take part as one silo; start each silo on one rank only");
      if (everybody[i].public_key == everybody[j].public_key)
        throw EnvironmentError(everybody[j].name + " and " + everybody[i].name +
                               " show the same public key; keys must be fresh for each rank and start");
    }
}

SecretKey agree_with(const X25519& own, SiloId own_id, const PublicIdentity& peer, const Hash256& epoch) try {
  const SecretKey secret = own.agree(peer.public_key);
  return hkdf_sha256(secret.bytes(), epoch, pair_key_info(own_id, peer.id));
} catch (const EnvironmentError& error) {  // the cipher library does not know whose key it was
  throw EnvironmentError("no key with " + peer.name + ": " + error.what());
}

}  // namespace

std::string pair_key_info(SiloId one, SiloId other) {
  CROSSILO_ASSERT(one != other);
  std::string info = "crossilo/1|pair key|";
  append_big_endian(info, std::min(one, other).value);
  append_big_endian(info, std::max(one, other).value);
  return info;
}

std::vector<PairKey> agree_pair_keys(const X25519& own, SiloId own_id, std::span<const PublicIdentity> everybody,
                                     const Hash256& epoch) {
  refuse_equal_identities(everybody);
  std::vector<PairKey> pair_keys;
  bool own_seen = false;
  for (const PublicIdentity& peer : everybody) {
    if (peer.id == own_id) {
      CROSSILO_ASSERT(peer.public_key == own.public_key());
      own_seen = true;
    } else {
      pair_keys.push_back({.peer = peer.id, .key = agree_with(own, own_id, peer, epoch)});
    }
  }
  CROSSILO_ASSERT(own_seen);
  std::sort(pair_keys.begin(), pair_keys.end(), [](const PairKey& a, const PairKey& b) { return a.peer < b.peer; });
  return pair_keys;
}

}  // namespace crossilo
