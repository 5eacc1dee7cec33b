// Aim: the cryptography is the published one, and its streams can be entered anywhere.
// Method: known answers of RFC 5869, RFC 7748, NIST SP 800-38A and FIPS 180-4; seeks against one long stream.
#include "crossilo/foreign/openssl.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::vector<std::byte> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

std::array<std::byte, 32> key_from_hex(std::string_view hex) {
  std::array<std::byte, 32> key{};
  const auto bytes = from_hex(hex);
  EXPECT_EQ(bytes.size(), key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

std::string text_from_hex(std::string_view hex) {
  std::string text;
  for (const std::byte byte : from_hex(hex)) text.push_back(static_cast<char>(byte));
  return text;
}

TEST(Sha256, KnownAnswers) {
  Sha256 hash;
  EXPECT_EQ(to_hex(hash.finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(hash.update("abc").finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const std::string expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
  EXPECT_EQ(to_hex(sha256(std::as_bytes(std::span(two_blocks)))), expected);
  for (const char letter : two_blocks) hash.update(std::string_view(&letter, 1));
  EXPECT_EQ(to_hex(hash.finish()), expected);
  Sha256 moved = std::move(hash);
  EXPECT_EQ(to_hex(moved.update("abc").finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Fingerprint, EveryBitAndTheLengthCount) {
  std::vector<std::byte> bytes(1000, std::byte{0});
  const Hash256 whole = fingerprint(bytes);
  EXPECT_EQ(fingerprint(bytes), whole);
  std::set<Hash256> seen = {whole, fingerprint(std::span(bytes).first(999)), fingerprint({})};
  EXPECT_EQ(seen.size(), 3u);
  for (const std::size_t place : {0u, 15u, 16u, 500u, 999u})
    for (int bit = 0; bit < 8; ++bit) {
      bytes[place] ^= std::byte{1} << bit;
      EXPECT_TRUE(seen.insert(fingerprint(bytes)).second) << place << ", bit " << bit;
      bytes[place] ^= std::byte{1} << bit;
    }
}

TEST(Fingerprint, ReadsBeyondItsFirstPiece) {
  std::vector<std::byte> bytes((std::size_t{1} << 26) + 17, std::byte{3});
  const Hash256 whole = fingerprint(bytes);
  bytes.back() = std::byte{2};
  EXPECT_NE(fingerprint(bytes), whole);
}

TEST(Hkdf, Rfc5869) {
  const auto input = from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
  EXPECT_EQ(to_hex(hkdf_sha256(input, from_hex("000102030405060708090a0b0c"), text_from_hex("f0f1f2f3f4f5f6f7f8f9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  // Appendix A.3: neither salt nor info.
  EXPECT_EQ(to_hex(hkdf_sha256(input, {}, "")), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Hkdf, EveryByteOfKeySaltAndInfoCounts) {
  const Key256 key{};
  Key256 other_key{};
  other_key[31] = std::byte{1};
  const std::set<Key256> results{hkdf_sha256(key, {}, "a"), hkdf_sha256(other_key, {}, "a"),
                                 hkdf_sha256(key, other_key, "a"), hkdf_sha256(key, {}, "b"),
                                 hkdf_sha256(key, {}, std::string_view("a\0", 2))};
  EXPECT_EQ(results.size(), 5U);
}

TEST(AesCtr, NistSp80038aF55) {
  const auto key = key_from_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  std::array<std::byte, 16> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<std::byte>(0xf0 + i);
  const auto plain = from_hex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const auto cipher = from_hex(
      "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
      "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6");
  std::vector<std::byte> expected(plain.size());
  std::transform(plain.begin(), plain.end(), cipher.begin(), expected.begin(), std::bit_xor<>());
  AesCtr stream(key, counter);
  std::vector<std::byte> out(plain.size());
  stream.generate(out);
  EXPECT_EQ(out, expected);
  stream.seek(32);  // the counter of offset 32 is f0f1...ff + 2: the carry crosses a byte
  out.resize(16);
  stream.generate(out);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), expected.begin() + 32));
}

TEST(AesCtr, SeekEntersTheSameStreamAnywhere) {
  const Key256 key = sha256({});
  AesCtr stream(key);
  std::vector<std::byte> whole(1 << 16);
  stream.generate(whole);
  for (const std::size_t offset : {0, 16, 4080, 4096, 65520}) {
    std::vector<std::byte> part(16);
    stream.seek(offset);
    stream.generate(part);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset))) << offset;
  }
  EXPECT_THROW(stream.seek(8), InternalError);
}

TEST(AesCtr, PiecesOfAnyLengthContinueTheStream) {
  const Key256 key = sha256({});
  AesCtr stream(key);
  std::vector<std::byte> whole(3000);
  stream.generate(whole);
  stream.seek(0);
  std::vector<std::byte> pieces(whole.size());
  std::size_t done = 0;
  for (std::size_t length = 0; done < pieces.size(); done += length) {
    length = std::min((length * 7 + 3) % 257, pieces.size() - done);
    stream.generate(std::span(pieces).subspan(done, length));
  }
  EXPECT_EQ(pieces, whole);
}

TEST(AesCtr, CounterCarriesBeyond32Bits) {
  AesCtr stream(sha256({}));
  std::vector<std::byte> across(32), beyond(16);
  stream.seek(std::uint64_t{16} * 0xffffffffu);
  stream.generate(across);
  stream.seek(std::uint64_t{16} << 32);
  stream.generate(beyond);
  EXPECT_TRUE(std::equal(beyond.begin(), beyond.end(), across.begin() + 16));
}

TEST(X25519, Rfc7748DiffieHellman) {
  const X25519 alice(key_from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  const X25519 bob(key_from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  EXPECT_EQ(to_hex(alice.public_key()), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(to_hex(bob.public_key()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const SecretKey secret = bob.agree(alice.public_key());
  EXPECT_EQ(secret, alice.agree(bob.public_key()));
  EXPECT_EQ(to_hex(secret.bytes()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST(X25519, FreshPairsDifferAndAgree) {
  const X25519 a, b;
  EXPECT_NE(a.public_key(), b.public_key());
  EXPECT_EQ(a.agree(b.public_key()), b.agree(a.public_key()));
}

TEST(X25519, SmallOrderPointsAreRefused) {
  const X25519 own;
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
    try {
      (void)own.agree(key_from_hex(point));
      ADD_FAILURE() << point << " was accepted";
    } catch (const EnvironmentError& error) {
      EXPECT_NE(std::string(error.what()).find("small order"), std::string::npos) << error.what();
    }
}

TEST(Keys, WipedBytesAreZeroAndRandomOnesAreNot) {
  Key256 key{}, other{};
  secure_random(key);
  secure_random(other);
  EXPECT_NE(key, other);
  wipe(key);
  EXPECT_EQ(key, Key256{});
}

TEST(Keys, ASecretKeyWipesWhatItIsMadeAndMovedFrom) {
  Key256 bytes = sha256({});
  SecretKey key(std::move(bytes));
  EXPECT_EQ(bytes, Key256{});
  EXPECT_EQ(key.bytes(), sha256({}));
  SecretKey moved(std::move(key));
  EXPECT_EQ(key.bytes(), Key256{});
  key = std::move(moved);
  EXPECT_EQ(moved.bytes(), Key256{});
  EXPECT_EQ(key.bytes(), sha256({}));
  static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
}

TEST(Keys, SeedIsTheFirst64BitsBigEndian) {
  EXPECT_EQ(seed_of(key_from_hex("0102030405060708ffffffffffffffffffffffffffffffffffffffffffffffff")),
            0x0102030405060708u);
}

TEST(Keys, RootsAndTheirUsesAllDiffer) {
  const SecretKey secret = sha256({});
  const Derivation first{.round = {1}, .silo = {0}, .parent = {}};
  const Derivation second{.round = {2}, .silo = {0}, .parent = {}};
  const std::set<Key256> keys{public_root(1).key,
                              public_root(2).key,
                              private_root(secret, 1).key.bytes(),
                              private_root(secret, 2).key.bytes(),
                              derive(public_root(1), PublicPurpose::rounding, first),
                              derive(public_root(1), PublicPurpose::rounding, second),
                              derive(public_root(1), PublicPurpose::cohort, first),
                              derive(private_root(secret, 1), PrivatePurpose::order, first).bytes(),
                              derive(private_root(secret, 1), PrivatePurpose::dropout, first).bytes(),
                              derive(private_root(secret, 1), PrivatePurpose::evaluation, first).bytes(),
                              derive(public_root(1), PublicPurpose::baseline, first)};
  EXPECT_EQ(keys.size(), 11U);
}

}  // namespace
}  // namespace crossilo
