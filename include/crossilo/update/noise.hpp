// Aim: the place of distributed integer noise in the line.
#pragma once

#include <utility>
#include <vector>

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Adds integer noise to a payload's ring words, or says on the record that it adds none.
class Noise {
 public:
  virtual ~Noise() = default;
  /// Name for the round record: "none".
  [[nodiscard]] virtual const char* name() const noexcept = 0;
  [[nodiscard]] NoisedPayload operator()(RingPayload&& payload, const RoundTicket& ticket) {
    return NoisedPayload(add(ticket, std::move(payload)));
  }

 protected:
  /// The words with the noise; what it returns and the noise itself outlive the payload.
  [[nodiscard]] virtual PayloadWords add(const RoundTicket& ticket, RingPayload&& payload) = 0;

 private:
  friend class NoisedSum;
  static NoisedPayload noised(const PayloadWords& words) { return NoisedPayload(words); }
};

/// No noise: an explicit choice that is written to the round record.
class NoNoise final : public Noise {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "none"; }

 private:
  PayloadWords add(const RoundTicket&, RingPayload&& payload) override {
    return RingPayload(std::move(payload)).words();
  }
};

/// The sum of the payloads of several hosted silos, word by word modulo 2^32 and 2^64: the sum of noised payloads is
/// one.
class NoisedSum final : WordSource {
 public:
  /// Takes memory for payloads of this layout.
  explicit NoisedSum(const PayloadLayout& layout) {
    lanes_.reserve(layout.lane_words());
    statistics_.reserve(layout.statistics.size());
  }
  /// Asks for all of the payload's lanes, so that the buffers which they are made from may be used again.
  void add(NoisedPayload&& payload);
  /// The sum of what was added since the last one; the next add begins another.
  [[nodiscard]] NoisedPayload take();
  using TimedSource::take_seconds;

 private:
  void make(std::span<std::uint32_t> out) override;

  std::vector<std::uint32_t> lanes_;
  std::vector<std::uint64_t> statistics_;
  std::size_t given_ = 0;
  bool is_empty_ = true;
};

}  // namespace crossilo
