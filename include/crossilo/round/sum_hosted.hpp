// Aim: the only place where payloads of hosted silos are added, so that memory does not grow with their number.
#pragma once

#include <array>
#include <span>

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

/// The sum of stage(silo, buffer) over the hosted silos, in roster order, modulo 2^32 and 2^64.
/// `stage` runs one silo through train_locally → clip → encode → add_noise into the buffer it is given.
template <class Stage>
[[nodiscard]] NoisedPayload sum_hosted(std::span<Silo* const> silos, HostedBuffers& buffers, Stage&& stage) {
  NoisedPayload sum = stage(*silos.front(), buffers.sum);
  for (Silo* silo : silos.subspan(1)) Noise::accumulate(sum, stage(*silo, buffers.next));
  return sum;
}

}  // namespace crossilo
