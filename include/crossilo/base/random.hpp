// Aim: the two roots of randomness, kept apart by type, and the registry of every purpose that is derived from them.
#pragma once

#include <cstdint>
#include <string>

#include "crossilo/base/secret_key.hpp"
#include "crossilo/base/types.hpp"

namespace crossilo {

/// Root of all that every silo may know: initial weights, cohort, rounding, the split of rows, the
/// baselines (which exist only where one process reads all rows). Made from the shared seed.
struct PublicRoot {
  Key256 key{};
};

/// Root of what only one silo may know: order of rows, dropout, what a module draws while it is evaluated. Made from
/// the silo's own secret.
struct PrivateRoot {
  SecretKey key;
};

enum class PublicPurpose : std::uint8_t { initial_weights, cohort, rounding, held_back_rows, baseline };
enum class PrivatePurpose : std::uint8_t { order, dropout, evaluation };

/// What a derived key is for, beside its purpose. Two different uses never share all four values.
struct Derivation {
  RoundIndex round{};
  SiloId silo{};
  Hash256 parent{};  // hash of the model that the round starts from; zero where there is none
};

/// The `info` string of a key derivation: "crossilo/1|public|rounding|" + round + silo + parent, fixed width.
/// Deterministic: the same bytes on every machine (integers are written big-endian).
[[nodiscard]] std::string derivation_info(PublicPurpose purpose, const Derivation& derivation);
[[nodiscard]] std::string derivation_info(PrivatePurpose purpose, const Derivation& derivation);

/// The `info` string that makes a root: "crossilo/1|public root|" + seed, "crossilo/1|private root|" + seed.
enum class RootKind : std::uint8_t { public_root, private_root };
[[nodiscard]] std::string root_info(RootKind kind, std::uint64_t seed);

}  // namespace crossilo
