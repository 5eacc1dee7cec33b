// Aim: the cryptography that the project uses, as checked calls over OpenSSL 3 (EVP).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "crossilo/base/random.hpp"
#include "crossilo/base/types.hpp"

struct evp_md_ctx_st;
struct evp_cipher_ctx_st;

namespace crossilo {

/// The library that this program runs with ("OpenSSL 3.0.19 …").
[[nodiscard]] std::string openssl_version();

/// SHA-256 in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  /// The digest of all that was fed in; the object starts afresh afterwards.
  [[nodiscard]] Hash256 finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  void start();
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] Hash256 sha256(std::span<const std::byte> bytes);
/// A digest for comparing large vectors in every round: SHA-256 over the AES-256-GMAC of the bytes under a key that
/// everybody knows. Two vectors that differ by accident have different fingerprints; it does not withstand somebody who
/// looks for a collision. SHA-256 alone took a quarter of a round of 25 M parameters.
[[nodiscard]] Hash256 fingerprint(std::span<const std::byte> bytes);
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

/// HKDF-SHA256 (RFC 5869), 32 bytes. Throws: EnvironmentError.
[[nodiscard]] Key256 hkdf_sha256(std::span<const std::byte> input_key, std::span<const std::byte> salt,
                                 std::string_view info);

/// Fills `bytes` from OpenSSL's private generator, seeded by the operating system. Throws: EnvironmentError; never
/// falls back to anything else.
void secure_random(std::span<std::byte> bytes);

/// Overwrites key material in a way the compiler may not drop.
void wipe(std::span<std::byte> bytes) noexcept;

/// The key for one use of a root (see base/random.hpp).
[[nodiscard]] Key256 derive(const PublicRoot& root, PublicPurpose purpose, const Derivation& derivation);
[[nodiscard]] SecretKey derive(const PrivateRoot& root, PrivatePurpose purpose, const Derivation& derivation);
/// The public root of a configuration's `seed`: HKDF(32 zero bytes, "crossilo/1|public root|" + seed).
[[nodiscard]] PublicRoot public_root(std::uint64_t seed);
/// The private root of a silo's secret under a public seed: HKDF(secret, "crossilo/1|private root|" + seed).
[[nodiscard]] PrivateRoot private_root(const SecretKey& silo_secret, std::uint64_t seed);
/// The first 64 bits of a key, big-endian, to seed a generator of a library.
[[nodiscard]] std::uint64_t seed_of(const Key256& key);

/// The keystream of AES-256-CTR under one key, seekable. Word k of a 32-bit reading is bytes 4k..4k+3, little-endian.
class AesCtr {
 public:
  /// `first_counter` is the counter block of offset 0 (big-endian); only known-answer tests give one.
  explicit AesCtr(const Key256& key, const std::array<std::byte, 16>& first_counter = {});
  /// Goes to the begin of another key's stream.
  void restart(const Key256& key);
  /// Goes to a byte offset of the stream that is a multiple of 16.
  void seek(std::uint64_t byte_offset);
  /// Writes the next bytes of the stream.
  void generate(std::span<std::byte> out);

 private:
  /// Wipes the key with the rest.
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
  std::array<std::byte, 16> first_counter_;
};

/// An X25519 key pair; the private half never leaves the object and is wiped with it.
class X25519 {
 public:
  X25519();                                    // fresh, from the operating system's generator
  explicit X25519(const Key256& private_key);  // a given private half, for known-answer tests
  ~X25519();
  X25519(X25519&&) noexcept;
  X25519& operator=(X25519&&) noexcept;
  [[nodiscard]] std::array<std::byte, 32> public_key() const;
  /// The shared secret with a peer. Throws: EnvironmentError on a small-order point (all-zero result), and, in other
  /// words, where the library fails.
  [[nodiscard]] SecretKey agree(const std::array<std::byte, 32>& peer_public_key) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crossilo
