#include "crossilo/round/sum_session.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {

/// One rank's public control data in open.
struct OpenMessage {
  Hash256 model{};
  Hash256 cohort{};
  std::uint64_t counter = 0;
  std::uint32_t round = 0;
  std::uint8_t kind = 0;
  std::uint8_t lane_bits = 0;
  std::int8_t log2_bound = 0;
  std::uint8_t wants_stop = 0;
  std::array<double, kPhases.size()> seconds{};  // of the round before, in the order of kPhases
};
static_assert(sizeof(OpenMessage) == 80 + sizeof(double) * kPhases.size());

namespace {

/// Compares one field. The view that most ranks share counts as right; where no view has most, all are named.
template <class Field>
void compare(Communicator& communicator, std::span<const OpenMessage> all, Field OpenMessage::*field, const char* what,
             std::string& differences) {
  if (std::ranges::all_of(all, [&](const OpenMessage& one) { return one.*field == all.front().*field; })) return;
  const auto sharing = [&](const Field& view) {
    return std::ranges::count_if(all, [&](const OpenMessage& one) { return one.*field == view; });
  };
  const auto most_shared = std::ranges::max_element(
      all, [&](const OpenMessage& a, const OpenMessage& b) { return sharing(a.*field) < sharing(b.*field); });
  const bool is_majority = 2 * static_cast<std::size_t>(sharing((*most_shared).*field)) > all.size();
  std::string names;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    if (!is_majority || all[rank].*field != (*most_shared).*field)
      names += (names.empty() ? "" : ", ") + communicator.peer_name(static_cast<int>(rank));
  differences +=
      std::string("the ") + what +
      (is_majority ? " of " + names + " differs from that of the others; " : " differs between " + names + "; ");
}

/// Throws when the ranks do not all speak of the same sum. All see the same messages, so all throw alike.
void require_one_view(Communicator& communicator, std::span<const OpenMessage> all, RoundIndex round) {
  std::string differences;
  compare(communicator, all, &OpenMessage::kind, "kind of sum", differences);
  compare(communicator, all, &OpenMessage::counter, "number of the sum", differences);
  compare(communicator, all, &OpenMessage::round, "round", differences);
  compare(communicator, all, &OpenMessage::cohort, "cohort", differences);
  compare(communicator, all, &OpenMessage::lane_bits, "lane width", differences);
  compare(communicator, all, &OpenMessage::log2_bound, "lanes' bound", differences);
  compare(communicator, all, &OpenMessage::model, "model", differences);
  if (differences.empty()) return;
  throw DivergedError("round " + std::to_string(round.value) + ": " + differences +
                      "nothing was applied. All silos must run the same program on the same settings");
}

/// The longest of each phase, and whose it was.
SlowestRanks slowest_of(std::span<const OpenMessage> all, RoundIndex round) {
  SlowestRanks slowest{.round = round, .seconds_max = all.front().seconds};
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
      if (all[rank].seconds[phase] > slowest.seconds_max[phase]) {
        slowest.seconds_max[phase] = all[rank].seconds[phase];
        slowest.rank[phase] = static_cast<int>(rank);
      }
  const auto sum_seconds = [](const OpenMessage& message) { return message.seconds[kSumPhase]; };
  slowest.sum_seconds_min = sum_seconds(*std::ranges::min_element(all, {}, sum_seconds));
  return slowest;
}

/// log2 of a power of two.
std::int8_t log2_of(double bound) {
  int exponent = 0;
  CROSSILO_ASSERT(std::frexp(bound, &exponent) == 0.5);
  return static_cast<std::int8_t>(exponent - 1);
}

}  // namespace

SumSession::SumSession(Communicator& communicator, Roster roster, std::unique_ptr<Mask> mask, Options options)
    : communicator_(communicator),
      roster_(std::move(roster)),
      mask_(std::move(mask)),
      ring_sum_(communicator, options.ring_sum, {.seconds = options.peer_seconds_max, .step = "start-up"}),
      secure_sum_(ring_sum_, options.peer_seconds_max),
      peer_seconds_max_(options.peer_seconds_max),
      all_gather_(communicator),
      opened_(static_cast<std::size_t>(communicator.size())) {
  if (const SumShape& shape = ring_sum_.shape(); std::ranges::max(shape.site_of_rank) > 0) {
    link_meter_ = std::make_unique<LinkMeter>(communicator, shape.site_of_rank);
    ring_sum_.measure(link_meter_.get());
  }
  ring_sum_.self_test({.seconds = peer_seconds_max_, .step = "start-up self-test"});
}

SumSession::~SumSession() = default;

const RoundTicket& SumSession::open(const OpenRequest& request) {
  const Cohort& cohort = request.cohort != nullptr ? *request.cohort : roster_.cohort;
  OpenMessage own{.model = request.model,
                  .cohort = cohort_hash(cohort),
                  .counter = ++counter_,
                  .round = request.round.value,
                  .kind = static_cast<std::uint8_t>(request.kind),
                  .wants_stop = request.wants_stop ? std::uint8_t{1} : std::uint8_t{0}};
  if (!request.lanes.empty()) {
    own.lane_bits = static_cast<std::uint8_t>(request.lanes.front().lane_bits);
    own.log2_bound = log2_of(request.lanes.front().bound);
  }
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    own.seconds[phase] = request.seconds.*kPhases[phase].seconds;
  all_gather_(std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(opened_)),
              {.seconds = peer_seconds_max_, .step = "open", .round = request.round});
  require_one_view(communicator_, opened_, request.round);
  slowest_ = slowest_of(opened_, request.timed_round);
  fill_ticket(request, cohort);
  return ticket_;
}

void SumSession::fill_ticket(const OpenRequest& request, const Cohort& cohort) {
  ticket_.kind = request.kind;
  ticket_.round = request.round;
  ticket_.counter = counter_;
  ticket_.cohort = cohort;
  ticket_.silos = roster_.cohort.size();
  ticket_.parent_model = request.model;
  ticket_.lanes.assign(request.lanes.begin(), request.lanes.end());
  ticket_.stop = request.out_of_patience ? StopReason::patience : StopReason::none;
  for (const OpenMessage& message : opened_)
    if (message.wants_stop != 0) ticket_.stop = StopReason::signal;
}

void SumSession::meet(std::string_view step, RoundIndex round) {
  const std::byte here{1};
  std::vector<std::byte> all(opened_.size());
  all_gather_({&here, 1}, all, {.seconds = peer_seconds_max_, .step = step, .round = round});
}

MaskedPayload SumSession::mask(NoisedPayload&& payload, const RoundTicket& ticket) {
  return (*mask_)(std::move(payload), ticket);
}

RingTotal SumSession::sum(MaskedPayload&& payload, const RoundTicket& ticket) {
  return secure_sum_(std::move(payload), ticket);
}

std::vector<SiteLink> SumSession::take_links(RoundIndex round) {
  if (!link_meter_) return {};
  ring_sum_.measure(nullptr);
  const std::unique_ptr<LinkMeter> meter = std::move(link_meter_);
  return meter->gather({.seconds = peer_seconds_max_, .step = "links between sites", .round = round});
}

}  // namespace crossilo
