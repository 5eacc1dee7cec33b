// Aim: walk the line of one round (train, clip, encode, noise, mask, sum, decode) in one process, without a network.
// Method: silos that return given values, and a communicator of one rank, whose sum is the payload itself.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "crossilo/aggregate/mask.hpp"
#include "crossilo/aggregate/secure_sum.hpp"
#include "crossilo/base/check.hpp"
#include "crossilo/base/clock.hpp"
#include "crossilo/comm/communicator.hpp"
#include "crossilo/silo/silo.hpp"
#include "crossilo/update/clip.hpp"
#include "crossilo/update/noise.hpp"
#include "crossilo/update/ring_codec.hpp"

namespace crossilo::testing {

/// A silo whose model delta is given.
class GivenSilo final : public Silo {
 public:
  GivenSilo(SiloId id, std::vector<float> model_delta) : id_(id), model_delta_(std::move(model_delta)) {}
  SiloId id() const noexcept override { return id_; }
  const std::string& name() const noexcept override { return name_; }
  SiloEvaluation evaluate(const GlobalModel&) override { return {}; }

 private:
  void train(const RoundTicket&, std::span<const float>, std::span<float> model_delta) override {
    std::copy(model_delta_.begin(), model_delta_.end(), model_delta.begin());
  }
  SiloId id_;
  std::vector<float> model_delta_;
  std::string name_ = "given";
};

/// One rank: nobody to talk to.
class SingleRank final : public Communicator {
 public:
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 1; }
  Clock& clock() noexcept override { return clock_; }
  Request start_send(ConstWords, Peer) override { return nobody(); }
  Request start_receive(Words, Peer) override { return nobody(); }
  bool test(Request&) override { return true; }
  void idle() override {}

 private:
  static Request nobody() {
    CROSSILO_ASSERT(!"one rank sends nothing");
    return {};
  }
  VirtualClock clock_;
};

inline RoundTicket ticket_of(std::vector<std::uint64_t> weights, std::uint32_t round = 1) {
  RoundTicket ticket;
  ticket.round = {round};
  ticket.counter = round;
  for (std::uint32_t i = 0; i < weights.size(); ++i) ticket.cohort.silos.push_back({i});
  ticket.cohort.weights = std::move(weights);
  return ticket;
}

inline PayloadLayout layout_of(std::vector<LaneBlock> lanes, std::vector<StatisticSpec> more = {}) {
  PayloadLayout layout{.lanes = std::move(lanes), .statistics = leading_statistics()};
  layout.statistics.insert(layout.statistics.end(), more.begin(), more.end());
  return layout;
}

/// What one silo owns in a round.
struct SiloBuffers {
  UpdateBuffer update;
  WordBuffer words;
  explicit SiloBuffers(const PayloadLayout& layout)
      : update{std::vector<float>(layout.parameters()), std::vector<double>(layout.statistics.size())}, words(layout) {}
};

inline ClippedUpdate clipped(SiloId id, const std::vector<float>& values, const RoundTicket& ticket,
                             SiloBuffers& buffers, double clip_norm = 0.0) {
  const std::vector<float> global(values.size());
  return Clip(clip_norm)(GivenSilo(id, values).train_locally(ticket, global, buffers.update));
}

inline NoisedPayload noised(RingCodec& codec, SiloId id, const std::vector<float>& values, const RoundTicket& ticket,
                            SiloBuffers& buffers) {
  NoNoise noise;
  return noise(codec.encode(clipped(id, values, ticket, buffers), ticket, buffers.words), ticket);
}

/// The total of a payload that already is one.
inline RingTotal total_of(NoisedPayload&& payload, const RoundTicket& ticket) {
  SingleRank communicator;
  RingSum ring_sum(communicator, {});
  NoMask mask;
  return SecureSum(ring_sum, 1.0)(mask(std::move(payload), ticket), ticket);
}

}  // namespace crossilo::testing
