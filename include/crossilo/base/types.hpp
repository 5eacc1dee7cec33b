// Aim: the small value types that every layer shares.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace crossilo {

/// A silo's index in the roster (the order of `run.silos`). It survives restarts; an MPI rank does not.
struct SiloId {
  std::uint32_t value = 0;
  auto operator<=>(const SiloId&) const = default;
};

/// Number of a round, from 1 on; 0 stands for "before the first round".
struct RoundIndex {
  std::uint32_t value = 0;
  auto operator<=>(const RoundIndex&) const = default;
};

/// A SHA-256 digest.
using Hash256 = std::array<std::byte, 32>;

/// 256 bits of key material.
using Key256 = std::array<std::byte, 32>;

}  // namespace crossilo
