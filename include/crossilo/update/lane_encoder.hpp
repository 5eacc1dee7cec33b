// Aim: the words of one silo's update, encoded while they are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "crossilo/foreign/openssl.hpp"
#include "crossilo/model/word_source.hpp"
#include "crossilo/update/lane_kernels.hpp"

namespace crossilo {

/// Lanes of 8 bits are so coarse that what they do not carry must not be lost: it is added to the silo's next update.
/// Source: Seide et al. 2014, 1-bit stochastic gradient descent; Karimireddy et al. 2019.
[[nodiscard]] constexpr bool feeds_errors_back(unsigned lane_bits) noexcept { return lane_bits == 8; }

/// Called once with all parameters, when each has been encoded.
using EncodedCall = std::function<void(std::span<const float> parameters)>;

/// Encodes one update after another, block by block (RingCodec says how). Takes memory for its blocks once.
class LaneEncoder final : public WordSource {
 public:
  struct Block {
    std::size_t parameters = 0;
    unsigned lane_bits = 32;
    EncodeConstants constants;
  };

  LaneEncoder() : rounding_(Key256{}) {}
  /// Begins an update; its blocks follow. Where feeds_errors_back(), `parameters` become what the lanes do not carry.
  /// Alive until: all words were asked for: `parameters`.
  void start(const Key256& rounding_key, std::span<float> parameters, EncodedCall on_encoded);
  void add(const Block& block);

 private:
  void make(std::span<std::uint32_t> out) override;
  void encode(const Block& block, std::span<float> values, std::span<std::uint32_t> words);

  AesCtr rounding_;
  std::vector<Block> blocks_;
  std::span<float> parameters_;
  EncodedCall on_encoded_;
  std::size_t block_ = 0;  // at hand
  std::size_t done_ = 0;   // parameters of all blocks
  std::size_t done_of_block_ = 0;
};

}  // namespace crossilo
