#include "crossilo/foreign/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/rand.h>

#include <algorithm>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// Throws EnvironmentError with the call's name and the library's reason.
[[noreturn]] void openssl_failed(const char* call) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  throw EnvironmentError(std::string("OpenSSL: ") + call + " failed: " + reason +
                         "; check that OpenSSL 3 with its default provider is installed");
}

/// Most EVP calls return 1 for success and 0 or less for failure.
void check_openssl(int result, const char* call) {
  if (result <= 0) openssl_failed(call);
}

/// The others return a pointer.
template <class Pointee>
Pointee* check_openssl(Pointee* result, const char* call) {
  if (result == nullptr) openssl_failed(call);
  return result;
}

template <auto Free>
struct FreeWith {
  template <class Pointee>
  void operator()(Pointee* pointer) const noexcept {
    Free(pointer);
  }
};
template <class Type, auto Free>
using Handle = std::unique_ptr<Type, FreeWith<Free>>;

using Kdf = Handle<EVP_KDF, EVP_KDF_free>;
using KdfContext = Handle<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using Mac = Handle<EVP_MAC, EVP_MAC_free>;
using MacContext = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using PublicKey = Handle<EVP_PKEY, EVP_PKEY_free>;
using PublicKeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

// OpenSSL's functions take unsigned char; ours take std::byte, which may alias it.
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

/// A parameter that OpenSSL only reads, though its type says otherwise.
OSSL_PARAM octets(const char* name, const void* data, std::size_t size) {
  static unsigned char nothing = 0;  // an empty text must still have an address
  return OSSL_PARAM_construct_octet_string(name, size == 0 ? &nothing : const_cast<void*>(data), size);
}

constexpr std::size_t kMacPiece = std::size_t{1} << 26;

}  // namespace

std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION); }

// --- SHA-256 ---

void Sha256::Free::operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(check_openssl(EVP_MD_CTX_new(), "EVP_MD_CTX_new")) { start(); }

void Sha256::start() { check_openssl(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), "EVP_DigestInit_ex"); }

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  check_openssl(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
  return *this;
}

Sha256& Sha256::update(std::string_view text) { return update(std::as_bytes(std::span(text))); }

Hash256 Sha256::finish() {
  Hash256 digest;
  check_openssl(EVP_DigestFinal_ex(context_.get(), raw(digest.data()), nullptr), "EVP_DigestFinal_ex");
  start();
  return digest;
}

Hash256 sha256(std::span<const std::byte> bytes) { return Sha256().update(bytes).finish(); }

Hash256 fingerprint(std::span<const std::byte> bytes) {
  static constexpr unsigned char kPublicKey[32] = "crossilo/1 fingerprint of model";
  static constexpr unsigned char kNonce[12] = {};
  char cipher[] = "AES-256-GCM";
  const Mac mac(check_openssl(EVP_MAC_fetch(nullptr, "GMAC", nullptr), "EVP_MAC_fetch"));
  const MacContext context(check_openssl(EVP_MAC_CTX_new(mac.get()), "EVP_MAC_CTX_new"));
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                   octets(OSSL_MAC_PARAM_IV, kNonce, sizeof(kNonce)), OSSL_PARAM_construct_end()};
  check_openssl(EVP_MAC_init(context.get(), kPublicKey, sizeof(kPublicKey), parameters), "EVP_MAC_init");
  // GMAC hands its input on as an int.
  for (std::size_t at = 0; at < bytes.size(); at += kMacPiece) {
    const std::span<const std::byte> piece = bytes.subspan(at, std::min(kMacPiece, bytes.size() - at));
    check_openssl(EVP_MAC_update(context.get(), raw(piece.data()), piece.size()), "EVP_MAC_update");
  }
  std::array<std::byte, 16> tag;
  std::size_t size = 0;
  check_openssl(EVP_MAC_final(context.get(), raw(tag.data()), &size, tag.size()), "EVP_MAC_final");
  CROSSILO_ASSERT(size == tag.size());
  return sha256(tag);
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte >> 4)]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte & std::byte{15})]);
  }
  return text;
}

// --- Keys from keys ---

Key256 hkdf_sha256(std::span<const std::byte> input_key, std::span<const std::byte> salt, std::string_view info) {
  const Kdf kdf(check_openssl(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "EVP_KDF_fetch"));
  const KdfContext context(check_openssl(EVP_KDF_CTX_new(kdf.get()), "EVP_KDF_CTX_new"));
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
                                   octets(OSSL_KDF_PARAM_KEY, input_key.data(), input_key.size()),
                                   octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
                                   octets(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  Key256 key;
  check_openssl(EVP_KDF_derive(context.get(), raw(key.data()), key.size(), parameters), "EVP_KDF_derive");
  return key;
}

void secure_random(std::span<std::byte> bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // the call counts in int
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(kMost, bytes.size())))
    check_openssl(RAND_priv_bytes(raw(bytes.data()), static_cast<int>(std::min(kMost, bytes.size()))),
                  "RAND_priv_bytes");
}

void wipe(std::span<std::byte> bytes) noexcept { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Key256 derive(const PublicRoot& root, PublicPurpose purpose, const Derivation& derivation) {
  return hkdf_sha256(root.key, {}, derivation_info(purpose, derivation));
}

SecretKey derive(const PrivateRoot& root, PrivatePurpose purpose, const Derivation& derivation) {
  return hkdf_sha256(root.key.bytes(), {}, derivation_info(purpose, derivation));
}

PublicRoot public_root(std::uint64_t seed) {
  const Key256 no_secret{};
  return {hkdf_sha256(no_secret, {}, root_info(RootKind::public_root, seed))};
}

PrivateRoot private_root(const SecretKey& silo_secret, std::uint64_t seed) {
  return {hkdf_sha256(silo_secret.bytes(), {}, root_info(RootKind::private_root, seed))};
}

std::uint64_t seed_of(const Key256& key) {
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed = seed << 8 | std::to_integer<std::uint64_t>(key[i]);
  return seed;
}

// --- AES-256-CTR ---

void AesCtr::Free::operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }

AesCtr::AesCtr(const Key256& key, const std::array<std::byte, 16>& first_counter)
    : context_(check_openssl(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")), first_counter_(first_counter) {
  check_openssl(
      EVP_EncryptInit_ex(context_.get(), EVP_aes_256_ctr(), nullptr, raw(key.data()), raw(first_counter.data())),
      "EVP_EncryptInit_ex");
}

void AesCtr::restart(const Key256& key) {
  check_openssl(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, raw(key.data()), raw(first_counter_.data())),
                "EVP_EncryptInit_ex");
}

void AesCtr::seek(std::uint64_t byte_offset) {
  CROSSILO_ASSERT(byte_offset % 16 == 0);
  std::array<std::byte, 16> counter = first_counter_;  // + byte_offset / 16, as 128 bits, big-endian
  std::uint64_t block = byte_offset / 16;
  unsigned sum = 0;
  for (std::size_t i = counter.size(); i-- > 0; block >>= 8) {
    sum = (sum >> 8) + std::to_integer<unsigned>(counter[i]) + static_cast<unsigned>(block & 0xffu);
    counter[i] = static_cast<std::byte>(sum & 0xffu);
  }
  check_openssl(EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, raw(counter.data())),
                "EVP_EncryptInit_ex");
}

void AesCtr::generate(std::span<std::byte> out) {
  // The keystream is the encryption of zeros. Reading them from one cached piece is cheaper than writing them first.
  static constexpr std::array<std::byte, 8192> kZeros{};
  for (; !out.empty(); out = out.subspan(std::min(kZeros.size(), out.size()))) {
    const int size = static_cast<int>(std::min(kZeros.size(), out.size()));
    int written = 0;
    check_openssl(EVP_EncryptUpdate(context_.get(), raw(out.data()), &written, raw(kZeros.data()), size),
                  "EVP_EncryptUpdate");
    CROSSILO_ASSERT(written == size);
  }
}

// --- X25519 ---

struct X25519::State {
  PublicKey pair;  // wipes its private half when freed
};

X25519::X25519() : state_(std::make_unique<State>()) {
  state_->pair.reset(check_openssl(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), "EVP_PKEY_Q_keygen"));
}

X25519::X25519(const Key256& private_key) : state_(std::make_unique<State>()) {
  state_->pair.reset(
      check_openssl(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(private_key.data()), private_key.size()),
                    "EVP_PKEY_new_raw_private_key"));
}
X25519::~X25519() = default;
X25519::X25519(X25519&&) noexcept = default;
X25519& X25519::operator=(X25519&&) noexcept = default;

std::array<std::byte, 32> X25519::public_key() const {
  std::array<std::byte, 32> key;
  std::size_t size = key.size();
  check_openssl(EVP_PKEY_get_raw_public_key(state_->pair.get(), raw(key.data()), &size), "EVP_PKEY_get_raw_public_key");
  CROSSILO_ASSERT(size == key.size());
  return key;
}

SecretKey X25519::agree(const std::array<std::byte, 32>& peer_public_key) const {
  const PublicKey peer(check_openssl(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(peer_public_key.data()), peer_public_key.size()),
      "EVP_PKEY_new_raw_public_key"));
  const PublicKeyContext context(check_openssl(EVP_PKEY_CTX_new(state_->pair.get(), nullptr), "EVP_PKEY_CTX_new"));
  check_openssl(EVP_PKEY_derive_init(context.get()), "EVP_PKEY_derive_init");
  check_openssl(EVP_PKEY_derive_set_peer(context.get(), peer.get()), "EVP_PKEY_derive_set_peer");
  SecretKey secret;
  std::size_t size = secret.bytes().size();
  ERR_clear_error();
  const bool derived = EVP_PKEY_derive(context.get(), raw(secret.bytes().data()), &size) == 1;
  // OpenSSL itself refuses an all-zero result (RFC 7748, section 6.1), by this reason; the second test does not rely on
  // it. Every other failure is the library's.
  const bool refused = !derived && ERR_GET_REASON(ERR_peek_last_error()) == PROV_R_FAILED_DURING_DERIVATION;
  if (!derived && !refused) openssl_failed("EVP_PKEY_derive");
  ERR_clear_error();
  CROSSILO_ASSERT(refused || size == secret.bytes().size());
  if (refused || secret == SecretKey())
    throw EnvironmentError("X25519: the public key " + to_hex(peer_public_key) +
                           " is a point of small order, which gives a secret that everybody knows; its owner must "
                           "start again with a fresh key");
  return secret;
}

}  // namespace crossilo
