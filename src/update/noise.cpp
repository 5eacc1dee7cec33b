#include "crossilo/update/noise.hpp"

#include <algorithm>
#include <array>

#include "crossilo/base/check.hpp"

namespace crossilo {

void NoisedSum::add(NoisedPayload&& taken) {
  NoisedPayload payload = std::move(taken);
  CROSSILO_ASSERT(payload.lane_words_left() == payload.lane_words());
  if (std::exchange(is_empty_, false)) {
    given_ = 0;
    lanes_.resize(payload.lane_words());
    payload.next_lanes(lanes_);
    statistics_.assign(payload.statistics().begin(), payload.statistics().end());
    return;
  }
  CROSSILO_ASSERT(lanes_.size() == payload.lane_words() && statistics_.size() == payload.statistics().size());
  for (std::size_t i = 0; i < statistics_.size(); ++i) statistics_[i] += payload.statistics()[i];
  if (payload.words().lanes == nullptr) return;  // a silo that sits out costs no pass
  std::array<std::uint32_t, 2048> block;
  for (std::size_t first = 0; first < lanes_.size(); first += block.size()) {
    const std::span<std::uint32_t> sum =
        std::span(lanes_).subspan(first, std::min(block.size(), lanes_.size() - first));
    payload.next_lanes(std::span(block).first(sum.size()));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += block[i];
  }
}

NoisedPayload NoisedSum::take() {
  CROSSILO_ASSERT(!is_empty_);
  is_empty_ = true;
  return Noise::noised({.statistics = statistics_, .lane_words = lanes_.size(), .lanes = this});
}

void NoisedSum::make(std::span<std::uint32_t> out) {
  std::ranges::copy(std::span(lanes_).subspan(given_, out.size()), out.begin());
  given_ += out.size();
}

}  // namespace crossilo
