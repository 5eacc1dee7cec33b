// Aim: the means of a sum, decoded while they are asked for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/model/word_source.hpp"

namespace crossilo {

/// Decodes one total after another, block by block (RingCodec says how). Takes memory for its blocks once.
/// A total beyond its range gives no means any more: all other totals are asked for, since peers need this rank for
/// theirs, and then it is thrown.
class LaneDecoder final : public MeanSource {
 public:
  struct Block {
    std::string name;
    std::size_t parameters = 0;
    unsigned lane_bits = 32;
    double unit_value = 0.0;  // of a lane
    std::int32_t limit = 0;   // no lane's magnitude exceeds it
  };

  /// Begins a sum; its blocks follow.
  void start(TotalSource& totals, RoundIndex round);
  void add(Block block);

  [[nodiscard]] std::span<const float> next() override;
  [[nodiscard]] float largest() const noexcept override { return largest_; }

 private:
  [[nodiscard]] std::size_t decode_piece();
  [[noreturn]] void refuse();

  static constexpr std::size_t kPiece = 1024;  // lanes and means, 4 KiB each, stay in the first-level cache

  TotalSource* totals_ = nullptr;
  RoundIndex round_{};
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // at hand
  std::size_t done_of_block_ = 0;
  std::span<const std::uint32_t> words_;  // that were asked for and are not decoded yet
  std::array<float, kPiece> means_{};
  float largest_ = 0.0F;      // of the first block
  std::uint64_t beyond_ = 0;  // lanes of the block at hand
};

}  // namespace crossilo
