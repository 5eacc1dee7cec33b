// Aim: the place of distributed integer noise in the line.
#pragma once

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Adds integer noise to a payload's ring words, or says on the record that it adds none.
class Noise {
 public:
  virtual ~Noise() = default;
  /// Name for the round record: "none".
  [[nodiscard]] virtual const char* name() const noexcept = 0;
  [[nodiscard]] NoisedPayload operator()(RingPayload&& payload, const RoundTicket& ticket);
  /// total += payload, word by word modulo 2^32 and 2^64: the sum of two noised payloads is one. The payload is gone.
  /// One without lanes (a silo outside the cohort) adds its statistics only.
  static void accumulate(NoisedPayload& total, NoisedPayload&& payload);

 protected:
  virtual void add(const RoundTicket& ticket, RingPayload& payload) = 0;
};

/// No noise: an explicit choice that is written to the round record.
class NoNoise final : public Noise {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "none"; }

 private:
  void add(const RoundTicket&, RingPayload&) override {}
};

}  // namespace crossilo
