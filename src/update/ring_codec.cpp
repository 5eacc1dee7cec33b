#include "crossilo/update/ring_codec.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/float_mode.hpp"

namespace crossilo {
namespace {

/// Q of n silos in lanes of w bits; in double, so that no n overflows it (exact below 2^53).
double capacity_of(unsigned lane_bits, std::size_t cohort_size, std::int64_t noise_bound) {
  return std::ldexp(1.0, static_cast<int>(lane_bits) - 1) - 1.0 -
         static_cast<double>(cohort_size) * (1.0 + static_cast<double>(noise_bound));
}

bool holds(unsigned lane_bits, std::size_t cohort_size, std::int64_t noise_bound) {
  return capacity_of(lane_bits, cohort_size, noise_bound) >= 8.0 * static_cast<double>(cohort_size);
}

/// The most units (resolutions) that one silo may give.
double units_max(const StatisticSpec& spec) { return std::floor(spec.bound / spec.resolution); }

/// The most units of a total; it fits a signed 64-bit word.
double total_units_max(const StatisticSpec& spec, std::size_t silos) {
  const double limit = units_max(spec) * static_cast<double>(silos);
  CROSSILO_ASSERT(limit < 0x1p63);
  return limit;
}

std::string quoted(const StatisticSpec& spec) { return "statistic '" + spec.name + "'"; }

/// The value itself belongs to one silo alone: it stands in no message. The caller names the silo (round/sum_hosted).
std::uint64_t encode_statistic(const StatisticSpec& spec, double value) {
  const double units = value / spec.resolution;
  if (!(std::fabs(units) <= units_max(spec)))
    throw DataError(quoted(spec) + " is beyond its bound of " + std::to_string(spec.bound) +
                    "; look for extreme values in this silo's file, or give the column in a larger unit in all silos");
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::llround(units)));
}

double decode_statistic(const StatisticSpec& spec, std::uint64_t word, const RoundTicket& ticket) {
  const auto units = static_cast<double>(static_cast<std::int64_t>(word));
  const double limit = total_units_max(spec, std::max(ticket.silos, ticket.cohort.size()));
  if (!(std::fabs(units) <= limit))
    throw DivergedError("round " + std::to_string(ticket.round.value) + ": the total of " + quoted(spec) + " is " +
                        std::to_string(units * spec.resolution) + ", beyond +-" +
                        std::to_string(limit * spec.resolution) +
                        "; masks did not cancel or a payload was damaged; start the job again");
  return units * spec.resolution;
}

/// Shares that contributed: the weight that came in over the cohort's.
double contributed_share(double contributed_weight, const RoundTicket& ticket) {
  const auto total_weight = static_cast<double>(ticket.cohort.total_weight());
  CROSSILO_ASSERT(total_weight > 0.0);
  if (!(contributed_weight >= 0.0 && contributed_weight <= total_weight))
    throw DivergedError("round " + std::to_string(ticket.round.value) + ": the contributed weight is " +
                        std::to_string(contributed_weight) + "; expected 0 to " + std::to_string(total_weight) +
                        "; masks did not cancel or a payload was damaged; start the job again");
  return contributed_weight / total_weight;
}

}  // namespace

LaneScale LaneScale::of(const LaneBlock& block, std::size_t cohort_size, std::int64_t noise_bound) {
  CROSSILO_ASSERT(block.lane_bits == 32 || block.lane_bits == 16 || block.lane_bits == 8);
  CROSSILO_ASSERT(cohort_size > 0 && noise_bound >= 0 && block.bound > 0.0);
  if (!holds(block.lane_bits, cohort_size, noise_bound)) {
    std::string advice = "no lane width holds so many: use fewer silos or less noise";
    for (const unsigned width : {32U, 16U})
      if (width > block.lane_bits && holds(width, cohort_size, noise_bound))
        advice = "use lanes of " + std::to_string(width) + " bits";
    throw ConfigError("block '" + block.name + "': lanes of " + std::to_string(block.lane_bits) +
                      " bits are too narrow for " + std::to_string(cohort_size) + " silos with noise up to " +
                      std::to_string(noise_bound) + "; " + advice);
  }
  const double capacity = capacity_of(block.lane_bits, cohort_size, noise_bound);
  return {.capacity = static_cast<std::int64_t>(capacity), .unit = block.bound / capacity};
}

RingCodec::RingCodec(Options options) : options_(std::move(options)), words_(options_.layout.statistics.size()) {
  const PayloadLayout& layout = options_.layout;
  CROSSILO_ASSERT(layout.statistics.size() >= kFirstFreeStatistic);
  for (const StatisticSpec& spec : layout.statistics) {
    CROSSILO_ASSERT(spec.resolution > 0.0 && spec.bound >= spec.resolution);
    CROSSILO_ASSERT(units_max(spec) <= 0x1p52);  // exact in double
  }
}

LaneBlock RingCodec::block_of(const RoundTicket& ticket, std::size_t index) const {
  LaneBlock block = options_.layout.lanes[index];
  if (!ticket.lanes.empty()) {
    CROSSILO_ASSERT(ticket.lanes.size() == options_.layout.lanes.size());
    block.lane_bits = ticket.lanes[index].lane_bits;
    block.bound = ticket.lanes[index].bound;
  }
  int exponent = 0;
  CROSSILO_ASSERT(std::frexp(block.bound, &exponent) == 0.5);  // a power of two: C / C and C x 1 / C are exact
  return block;
}

std::size_t RingCodec::lane_words(const RoundTicket& ticket) const {
  std::size_t words = 0;
  for (std::size_t i = 0; i < options_.layout.lanes.size(); ++i) words += block_of(ticket, i).words();
  return words;
}

RingPayload RingCodec::encode(ClippedUpdate&& taken, const RoundTicket& ticket, EncodedCall on_encoded) {
  const ClippedUpdate update = std::move(taken);
  const PayloadLayout& layout = options_.layout;
  const std::span<double> statistics = update.statistics();
  const bool sits_out = !ticket.cohort.contains(update.silo());
  const bool is_zero = sits_out || update.abstains();
  CROSSILO_ASSERT(update.parameters().size() == (sits_out ? 0 : layout.parameters()));
  CROSSILO_ASSERT(statistics.size() == layout.statistics.size());

  if (!is_zero && !layout.lanes.empty()) start_encoder(update, ticket, std::move(on_encoded));
  statistics[kContributedWeight] = is_zero ? 0.0 : static_cast<double>(ticket.cohort.weight(update.silo()));
  statistics[kAbstentions] = update.abstains() ? 1.0 : 0.0;
  for (std::size_t i = 0; i < statistics.size(); ++i) words_[i] = encode_statistic(layout.statistics[i], statistics[i]);
  return RingPayload({.statistics = words_, .lane_words = lane_words(ticket), .lanes = is_zero ? nullptr : &encoder_});
}

void RingCodec::start_encoder(const ClippedUpdate& update, const RoundTicket& ticket, EncodedCall on_encoded) {
  const double share = ticket.cohort.share(update.silo());
  const Key256 key = derive(options_.root, PublicPurpose::rounding,
                            {.round = ticket.round, .silo = update.silo(), .parent = ticket.parent_model});
  encoder_.start(key, update.parameters(), std::move(on_encoded));
  for (std::size_t i = 0; i < options_.layout.lanes.size(); ++i) {
    const LaneBlock block = block_of(ticket, i);
    const LaneScale scale = LaneScale::of(block, ticket.cohort.size(), options_.noise_bound);
    encoder_.add({.parameters = block.parameters,
                  .lane_bits = block.lane_bits,
                  .constants = EncodeConstants::of(share, scale.capacity, block.bound)});
  }
}

RoundTotal RingCodec::decode(RingTotal& total, const RoundTicket& ticket, std::span<double> statistics) {
  const FloatModeGuard pinned;
  const PayloadLayout& layout = options_.layout;
  CROSSILO_ASSERT(total.lane_words() == lane_words(ticket) && total.statistics().size() == statistics.size());
  CROSSILO_ASSERT(statistics.size() == layout.statistics.size());
  double share = 0.0;
  try {
    for (std::size_t i = 0; i < statistics.size(); ++i)
      statistics[i] = decode_statistic(layout.statistics[i], total.statistics()[i], ticket);
    share = contributed_share(statistics[kContributedWeight], ticket);
  } catch (const DivergedError&) {
    drain(total.lanes());
    throw;
  }

  decoder_.start(total.lanes(), ticket.round);
  for (std::size_t i = 0; i < layout.lanes.size(); ++i) {
    const LaneBlock block = block_of(ticket, i);
    const LaneScale scale = LaneScale::of(block, ticket.cohort.size(), options_.noise_bound);
    // |X| <= share x Q + n (1 + B), at most 2^(w-1) - 1 (docs/ring-arithmetic.md).
    const double slack = static_cast<double>(ticket.cohort.size()) * (1.0 + static_cast<double>(options_.noise_bound));
    const double limit = std::floor(share * static_cast<double>(scale.capacity)) + slack;
    decoder_.add({.name = block.name,
                  .parameters = block.parameters,
                  .lane_bits = block.lane_bits,
                  .unit_value = share > 0.0 ? scale.unit / share : 0.0,
                  .limit = static_cast<std::int32_t>(limit)});
  }
  return {.mean = layout.lanes.empty() ? nullptr : &decoder_, .statistics = statistics, .contributed_share = share};
}

}  // namespace crossilo
