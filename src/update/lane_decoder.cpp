#include "crossilo/update/lane_decoder.hpp"

#include <algorithm>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/float_mode.hpp"
#include "crossilo/update/lane_kernels.hpp"

namespace crossilo {

void LaneDecoder::start(TotalSource& totals, RoundIndex round) {
  totals_ = &totals;
  round_ = round;
  blocks_.clear();
  block_ = done_of_block_ = 0;
  words_ = {};
  largest_ = 0.0F;
  beyond_ = 0;
}

void LaneDecoder::add(Block block) {
  if (block.parameters > 0) blocks_.push_back(std::move(block));
}

std::span<const float> LaneDecoder::next() {
  for (;;) {
    if (words_.empty()) words_ = totals_->next();
    if (words_.empty()) break;
    const std::size_t count = decode_piece();
    if (beyond_ == 0) return std::span(means_).first(count);
    refuse();
  }
  CROSSILO_ASSERT(block_ == blocks_.size());
  return {};
}

/// Returns how many means it has written.
std::size_t LaneDecoder::decode_piece() {
  const FloatModeGuard pinned;
  CROSSILO_ASSERT(block_ < blocks_.size());
  const Block& block = blocks_[block_];
  const std::size_t lanes_per_word = 32 / block.lane_bits;
  const std::size_t count = std::min({kPiece, block.parameters - done_of_block_, words_.size() * lanes_per_word});
  const std::size_t words = (count + lanes_per_word - 1) / lanes_per_word;
  std::array<std::int32_t, kPiece> lanes_of_piece;
  const std::span<std::int32_t> lanes = std::span(lanes_of_piece).first(count);
  unpack_lanes(words_.first(words), block.lane_bits, lanes);
  const DecodeCounts counts =
      decode_lanes(lanes, block.unit_value, block.limit, std::span(means_).first(count), widest_vector_unit());
  if (block_ == 0) largest_ = std::max(largest_, static_cast<float>(counts.largest * block.unit_value));
  beyond_ += counts.beyond;
  words_ = words_.subspan(words);
  done_of_block_ += count;
  if (done_of_block_ == block.parameters && beyond_ == 0) {
    ++block_;
    done_of_block_ = 0;
  }
  return count;
}

void LaneDecoder::refuse() {
  const Block& block = blocks_[block_];
  while (done_of_block_ < block.parameters) {
    if (words_.empty()) words_ = totals_->next();
    CROSSILO_ASSERT(!words_.empty());
    (void)decode_piece();
  }
  drain(*totals_);
  throw DivergedError("round " + std::to_string(round_.value) + ", block '" + block.name +
                      "': " + std::to_string(beyond_) + " of " + std::to_string(block.parameters) +
                      " totals lie beyond their declared range; masks did not cancel or a payload was damaged; "
                      "start the job again");
}

}  // namespace crossilo
