// Aim: walk the line of one round (train, clip, encode, noise, mask, sum, decode) in one process, without a network.
// Method: silos that return given values, and a communicator of one rank, whose sum is the payload itself.
#pragma once

#include <algorithm>
#include <cmath>
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
  explicit SiloBuffers(const PayloadLayout& layout)
      : update{std::vector<float>(layout.parameters()), std::vector<double>(layout.statistics.size())} {}
};

inline ClippedUpdate clipped(SiloId id, const std::vector<float>& values, const RoundTicket& ticket,
                             SiloBuffers& buffers, double clip_norm = 0.0) {
  const std::vector<float> global(values.size());
  return Clip(clip_norm)(GivenSilo(id, values).train_locally(ticket, global, buffers.update), ticket);
}

/// Views the codec and the buffers until all of its lanes were asked for.
inline NoisedPayload noised(RingCodec& codec, SiloId id, const std::vector<float>& values, const RoundTicket& ticket,
                            SiloBuffers& buffers) {
  NoNoise noise;
  return noise(codec.encode(clipped(id, values, ticket, buffers), ticket), ticket);
}

/// All lanes of a payload that nobody has asked for.
template <class SomePayload>
std::vector<std::uint32_t> lanes_of(SomePayload& payload) {
  std::vector<std::uint32_t> lanes(payload.lane_words_left());
  payload.next_lanes(lanes);
  return lanes;
}

/// A sum over one rank, whose payload already is the total.
class SumOfOne {
 public:
  RingTotal operator()(NoisedPayload&& payload, const RoundTicket& ticket) {
    return secure_sum_(mask_(std::move(payload), ticket), ticket);
  }

 private:
  SingleRank communicator_;
  RingSum ring_sum_{communicator_, {}};
  NoMask mask_;
  SecureSum secure_sum_{ring_sum_, 1.0};
};

/// All means of a decoded total.
inline std::vector<float> means_of(const RoundTotal& total) {
  std::vector<float> means;
  if (total.mean == nullptr) return means;
  for (std::span<const float> next = total.mean->next(); !next.empty(); next = total.mean->next())
    means.insert(means.end(), next.begin(), next.end());
  return means;
}

/// Means that stand in memory, handed out in stretches.
class GivenMeans final : public MeanSource {
 public:
  explicit GivenMeans(std::span<const float> means, std::size_t stretch = 3) : left_(means), stretch_(stretch) {}
  std::span<const float> next() override {
    const std::span<const float> means = left_.first(std::min(stretch_, left_.size()));
    left_ = left_.subspan(means.size());
    for (const float mean : means) largest_ = std::max(largest_, std::fabs(mean));
    return means;
  }
  float largest() const noexcept override { return largest_; }

 private:
  std::span<const float> left_;
  std::size_t stretch_;
  float largest_ = 0.0F;
};

}  // namespace crossilo::testing
