// Aim: the only place where payloads of hosted silos are added, so that memory does not grow with their number.
#pragma once

#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/silo/silo.hpp"
#include "crossilo/update/noise.hpp"

namespace crossilo {

/// Two payload buffers are enough for any number of hosted silos: the running sum and the silo at hand.
struct HostedBuffers {
  HostedBuffers(const PayloadLayout& layout, std::size_t hosted_silos)
      : sum(layout), next(hosted_silos > 1 ? layout : PayloadLayout{}) {}
  WordBuffer sum;
  WordBuffer next;
};

/// One silo's payload; an error in its data carries its name.
template <class Stage>
[[nodiscard]] NoisedPayload payload_of(Silo& silo, WordBuffer& buffer, Stage& stage) try {
  return stage(silo, buffer);
} catch (const DataError& error) {
  throw DataError("silo " + silo.name() + ": " + error.what());
}

/// The sum of stage(silo, buffer) over the hosted silos, in roster order, modulo 2^32 and 2^64.
/// `stage` runs one silo through train_locally → clip → encode → add_noise into the buffer it is given.
template <class Stage>
[[nodiscard]] NoisedPayload sum_hosted(std::span<Silo* const> silos, HostedBuffers& buffers, Stage&& stage) {
  NoisedPayload sum = payload_of(*silos.front(), buffers.sum, stage);
  for (Silo* silo : silos.subspan(1)) Noise::accumulate(sum, payload_of(*silo, buffers.next, stage));
  return sum;
}

}  // namespace crossilo
