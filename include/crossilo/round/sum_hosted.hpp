// Aim: the only place where payloads of hosted silos are added, so that memory does not grow with their number.
#pragma once

#include <algorithm>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/silo/silo.hpp"
#include "crossilo/update/noise.hpp"

namespace crossilo {

/// Three payload buffers are enough for any number of hosted silos: the running sum, the silo at hand, and one without
/// lanes for silos that sit a round out.
struct HostedBuffers {
  HostedBuffers(const PayloadLayout& layout, std::size_t hosted_silos)
      : sum(layout),
        next(hosted_silos > 1 ? layout : PayloadLayout{}),
        sitting({.lanes = {}, .statistics = layout.statistics}) {}
  WordBuffer sum;
  WordBuffer next;
  WordBuffer sitting;
};

/// One silo's payload; an error in its data carries its name.
template <class Stage>
[[nodiscard]] NoisedPayload payload_of(Silo& silo, WordBuffer& buffer, Stage& stage) try {
  return stage(silo, buffer);
} catch (const DataError& error) {
  throw DataError("silo " + silo.name() + ": " + error.what());
}

/// The sum of stage(silo, buffer) over the hosted silos, modulo 2^32 and 2^64: those of the cohort first, in roster
/// order, then the others, which have statistics only.
/// `stage` runs one silo through train_locally → clip → encode → add_noise into the buffer it is given.
template <class Stage>
[[nodiscard]] NoisedPayload sum_hosted(std::span<Silo* const> silos, const Cohort& cohort, HostedBuffers& buffers,
                                       Stage&& stage) {
  const auto takes_part = [&](const Silo* silo) { return cohort.contains(silo->id()); };
  const auto member = std::ranges::find_if(silos, takes_part);
  Silo* const first = member == silos.end() ? silos.front() : *member;
  NoisedPayload sum = payload_of(*first, buffers.sum, stage);
  for (const bool members : {true, false})
    for (Silo* silo : silos)
      if (silo != first && takes_part(silo) == members)
        Noise::accumulate(sum, payload_of(*silo, members ? buffers.next : buffers.sitting, stage));
  return sum;
}

}  // namespace crossilo
