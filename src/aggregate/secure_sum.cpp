#include "crossilo/aggregate/secure_sum.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

const char* name_of(SumKind kind) {
  switch (kind) {
    case SumKind::scaling_mean:
      return "sum of the features' means";
    case SumKind::scaling_variance:
      return "sum of the features' variances";
    case SumKind::round:
      return "sum";
    case SumKind::final_evaluation:
      return "sum of the final evaluation";
  }
  CROSSILO_ASSERT(!"a kind of sum has a name");
  return "";
}

}  // namespace

SecureSum::SecureSum(RingSum& ring_sum, double peer_seconds_max)
    : ring_sum_(ring_sum), peer_seconds_max_(peer_seconds_max) {}

RingTotal SecureSum::operator()(MaskedPayload&& payload, const RoundTicket& ticket) {
  Deadline deadline{.seconds = peer_seconds_max_, .step = name_of(ticket.kind)};
  if (ticket.kind == SumKind::round) deadline.round = ticket.round;
  payload_.emplace(std::move(payload));
  statistics_given_ = 0;
  statistics_.clear();
  const std::size_t statistics = payload_->statistics().size();
  ring_sum_.start(statistics, payload_->lane_words(), *this, deadline);
  while (statistics_.size() < statistics) {
    const std::span<const std::uint64_t> totals = ring_sum_.next().statistics;
    CROSSILO_ASSERT(!totals.empty());
    statistics_.insert(statistics_.end(), totals.begin(), totals.end());
  }
  if (payload_->lane_words() == 0) drain(*this);
  return {statistics_, payload_->lane_words(), *this};
}

void SecureSum::give(std::span<std::uint32_t> out) {
  // A word with only some of its masks stands in this block alone: `out` is memory that peers read.
  alignas(64) std::array<std::uint32_t, 2048> block;
  while (!out.empty()) {
    const std::span<std::uint32_t> words = std::span(block).first(std::min(block.size(), out.size()));
    payload_->next_lanes(words);
    std::ranges::copy(words, out.begin());
    out = out.subspan(words.size());
  }
}

void SecureSum::give(std::span<std::uint64_t> out) {
  std::ranges::copy(payload_->statistics().subspan(statistics_given_, out.size()), out.begin());
  statistics_given_ += out.size();
}

}  // namespace crossilo
