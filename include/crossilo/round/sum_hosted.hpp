// Aim: the only place where payloads of hosted silos are added, so that memory does not grow with their number.
#pragma once

#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/silo/silo.hpp"
#include "crossilo/update/noise.hpp"

namespace crossilo {

/// One silo's payload; an error in its data carries its name.
template <class Stage>
[[nodiscard]] NoisedPayload payload_of(Silo& silo, Stage& stage) try {
  return stage(silo);
} catch (const DataError& error) {
  throw DataError("silo " + silo.name() + ": " + error.what());
}

/// The sum of stage(silo) over the hosted silos, in roster order. `stage` runs one silo through train_locally → clip →
/// encode → add_noise. A lone silo's payload goes on as it is; of several, each is asked for all its words before the
/// next one trains, so that they share their buffers.
template <class Stage>
[[nodiscard]] NoisedPayload sum_hosted(std::span<Silo* const> silos, NoisedSum& sum, Stage&& stage) {
  if (silos.size() == 1) return payload_of(*silos.front(), stage);
  for (Silo* silo : silos) sum.add(payload_of(*silo, stage));
  return sum.take();
}

}  // namespace crossilo
