// Aim: no two uses of a key can meet in one derivation, and in one sum each (key, info) is expanded once by each end.
// Method: every info string this program can make, compared pairwise; the linker shows us each call of OpenSSL's
// key derivation and cipher set-up (--wrap).
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <map>
#include <set>

#include "aggregate/federation_of_masks.hpp"
#include "crossilo/base/random.hpp"
#include "support/fake_line.hpp"

namespace {

struct Seen {
  std::map<std::string, int> expansions;   // salt | key | info -> times
  std::map<std::string, int> cipher_keys;  // key -> times
  int restarts = 0;                        // seeks
};
Seen seen;

std::string octets_of(const OSSL_PARAM parameters[], const char* name) {
  const OSSL_PARAM* parameter = OSSL_PARAM_locate_const(parameters, name);
  return parameter == nullptr ? "" : std::string(static_cast<const char*>(parameter->data), parameter->data_size);
}

}  // namespace

extern "C" {
int __real_EVP_KDF_derive(EVP_KDF_CTX*, unsigned char*, std::size_t, const OSSL_PARAM[]);
int __wrap_EVP_KDF_derive(EVP_KDF_CTX* context, unsigned char* key, std::size_t size, const OSSL_PARAM parameters[]) {
  ++seen.expansions[octets_of(parameters, OSSL_KDF_PARAM_SALT) + "|" + octets_of(parameters, OSSL_KDF_PARAM_KEY) + "|" +
                    octets_of(parameters, OSSL_KDF_PARAM_INFO)];
  return __real_EVP_KDF_derive(context, key, size, parameters);
}
int __real_EVP_EncryptInit_ex(EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const unsigned char*, const unsigned char*);
int __wrap_EVP_EncryptInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine,
                              const unsigned char* key, const unsigned char* counter) {
  if (key != nullptr)
    ++seen.cipher_keys[std::string(reinterpret_cast<const char*>(key), 32)];
  else
    ++seen.restarts;
  return __real_EVP_EncryptInit_ex(context, cipher, engine, key, counter);
}
}

namespace crossilo {
namespace {

/// Every purpose with several derivations, both kinds of root, pair keys and masks of several sums.
std::vector<std::string> every_info() {
  std::vector<std::string> infos;
  std::vector<Derivation> derivations;
  Hash256 parent{};
  for (const std::byte first : {std::byte{0}, std::byte{'|'}, std::byte{0xff}}) {
    parent[0] = first;
    for (const std::uint32_t round : {0U, 1U, 256U, 0x7c7c7c7cU})
      for (const std::uint32_t silo : {0U, 1U, 256U, 0x7c7c7c7cU})
        derivations.push_back({.round = {round}, .silo = {silo}, .parent = parent});
  }
  for (const Derivation& derivation : derivations) {
    for (const PublicPurpose purpose : {PublicPurpose::initial_weights, PublicPurpose::cohort, PublicPurpose::rounding,
                                        PublicPurpose::held_back_rows, PublicPurpose::baseline})
      infos.emplace_back(derivation_info(purpose, derivation));
    for (const PrivatePurpose purpose : {PrivatePurpose::order, PrivatePurpose::dropout, PrivatePurpose::evaluation})
      infos.emplace_back(derivation_info(purpose, derivation));
  }
  for (const std::uint64_t seed : {0U, 1U, 256U}) {
    infos.emplace_back(root_info(RootKind::public_root, seed));
    infos.emplace_back(root_info(RootKind::private_root, seed));
  }
  for (std::uint32_t lower = 0; lower < 3; ++lower)
    for (std::uint32_t higher = lower + 1; higher < 4; ++higher) {
      infos.push_back(pair_key_info({lower}, {higher}));
      for (const SumKind kind :
           {SumKind::scaling_mean, SumKind::scaling_variance, SumKind::round, SumKind::final_evaluation})
        for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
          RoundTicket ticket = testing::ticket_of({1, 2, 3, 4});
          ticket.kind = kind;
          ticket.counter = counter;
          infos.emplace_back(mask_info(mask_context(testing::epoch_of("1"), ticket), {lower}, {higher}));
        }
    }
  return infos;
}

TEST(DerivationRegistry, InfoStringsAreUniqueAndNoneStartsAnother) {
  const std::vector<std::string> infos = every_info();
  const std::set<std::string> sorted(infos.begin(), infos.end());
  EXPECT_EQ(sorted.size(), infos.size());
  // In sorted order a prefix stands right before a string that it starts.
  for (auto it = sorted.begin(); std::next(it) != sorted.end(); ++it)
    EXPECT_FALSE(std::next(it)->starts_with(*it)) << ::testing::PrintToString(*it);
  for (const std::string& info : infos) EXPECT_TRUE(info.starts_with("crossilo/1|"));
}

TEST(DerivationRegistry, EachMaskKeyIsExpandedOnceByEachEndOfASum) {
  constexpr std::size_t kRanks = 4;
  constexpr int kPairs = 6;
  const testing::KeyRing ring(kRanks);
  std::vector<PairwiseMask> masks;
  seen = {};
  for (std::size_t rank = 0; rank < kRanks; ++rank) masks.push_back(ring.mask_of(rank, testing::epoch_of("1")));
  EXPECT_EQ(seen.expansions.size(), static_cast<std::size_t>(kPairs));
  for (const auto& [expansion, times] : seen.expansions) EXPECT_EQ(times, 2);

  const PayloadLayout layout = testing::layout_of({{.name = "model_delta", .parameters = 10'000}});
  RingCodec codec({.layout = layout, .root = public_root(1), .noise_bound = 0});
  RoundTicket ticket = testing::ticket_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  Seen of_all_sums;
  constexpr int kSums = 3;
  for (int sum = 0; sum < kSums; ++sum, ++ticket.counter)
    for (std::size_t rank = 0; rank < kRanks; ++rank) {
      testing::SiloBuffers buffers(layout);
      NoisedPayload payload =
          testing::noised(codec, ring.identities[rank].id, std::vector<float>(10'000), ticket, buffers);
      seen = {};
      MaskedPayload masked = masks[rank](std::move(payload), ticket);
      (void)testing::lanes_of(masked);
      EXPECT_EQ(seen.expansions.size(), kRanks - 1);
      EXPECT_EQ(seen.cipher_keys.size(), kRanks - 1);
      EXPECT_EQ(seen.restarts, 2 * (static_cast<int>(kRanks) - 1));  // two seeks each: to the statistics, and back
      for (const auto& [expansion, times] : seen.expansions) of_all_sums.expansions[expansion] += times;
      for (const auto& [key, times] : seen.cipher_keys) of_all_sums.cipher_keys[key] += times;
    }
  EXPECT_EQ(of_all_sums.expansions.size(), static_cast<std::size_t>(kSums * kPairs));
  EXPECT_EQ(of_all_sums.cipher_keys.size(), static_cast<std::size_t>(kSums * kPairs));
  for (const auto& [expansion, times] : of_all_sums.expansions) EXPECT_EQ(times, 2);
  for (const auto& [key, times] : of_all_sums.cipher_keys) EXPECT_EQ(times, 2);
}

}  // namespace
}  // namespace crossilo
