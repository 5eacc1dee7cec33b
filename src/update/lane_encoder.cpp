#include "crossilo/update/lane_encoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/float_mode.hpp"
#include "crossilo/update/lane_arithmetic.hpp"

namespace crossilo {
namespace {

// Parameters that are encoded at a time: values, random bits and lanes, 4 KiB each, stay in the first-level cache.
constexpr std::size_t kPiece = 1024;

/// Leaves in `values` what the lanes do not carry of them.
void subtract_carried(std::span<const std::int32_t> lanes, const EncodeConstants& constants, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = not_carried(values[i], lanes[i], constants);
}

}  // namespace

void LaneEncoder::start(const Key256& rounding_key, std::span<float> parameters, EncodedCall on_encoded) {
  rounding_.restart(rounding_key);
  parameters_ = parameters;
  on_encoded_ = std::move(on_encoded);
  blocks_.clear();
  block_ = done_ = done_of_block_ = 0;
}

void LaneEncoder::add(const Block& block) {
  if (block.parameters > 0) blocks_.push_back(block);
}

void LaneEncoder::make(std::span<std::uint32_t> out) {
  while (!out.empty()) {
    CROSSILO_ASSERT(block_ < blocks_.size());
    const Block& block = blocks_[block_];
    const std::size_t lanes_per_word = 32 / block.lane_bits;
    const std::size_t count = std::min({kPiece, block.parameters - done_of_block_, out.size() * lanes_per_word});
    const std::size_t words = (count + lanes_per_word - 1) / lanes_per_word;
    encode(block, parameters_.subspan(done_, count), out.first(words));
    out = out.subspan(words);
    done_ += count;
    done_of_block_ += count;
    if (done_of_block_ < block.parameters) continue;
    ++block_;
    done_of_block_ = 0;
  }
  if (block_ == blocks_.size() && on_encoded_) std::exchange(on_encoded_, {})(parameters_);
}

void LaneEncoder::encode(const Block& block, std::span<float> values, std::span<std::uint32_t> words) {
  const FloatModeGuard pinned;
  std::array<std::uint32_t, kPiece> random_bits;
  std::array<std::int32_t, kPiece> lanes_of_piece;
  const std::span<std::uint32_t> random = std::span(random_bits).first(values.size());
  const std::span<std::int32_t> lanes = std::span(lanes_of_piece).first(values.size());
  rounding_.generate(std::as_writable_bytes(random));
  const std::uint64_t not_finite = encode_lanes(values, random, block.constants, lanes, widest_vector_unit());
  CROSSILO_ASSERT(not_finite == 0);  // Clip makes such an update abstain
  pack_lanes(lanes, block.lane_bits, words);
  if (feeds_errors_back(block.lane_bits)) subtract_carried(lanes, block.constants, values);
}

}  // namespace crossilo
