#include "crossilo/update/noise.hpp"

#include <utility>

#include "crossilo/base/check.hpp"

namespace crossilo {

NoisedPayload Noise::operator()(RingPayload&& payload, const RoundTicket& ticket) {
  add(ticket, payload);
  return NoisedPayload(std::move(payload));
}

void Noise::accumulate(NoisedPayload& total, NoisedPayload&& taken) {
  const NoisedPayload payload = std::move(taken);
  CROSSILO_ASSERT(total.lanes().data() != payload.lanes().data() || total.lanes().empty());
  CROSSILO_ASSERT(total.lanes().size() == payload.lanes().size() || payload.lanes().empty());
  CROSSILO_ASSERT(total.statistics().size() == payload.statistics().size());
  for (std::size_t i = 0; i < payload.lanes().size(); ++i) total.lanes()[i] += payload.lanes()[i];
  for (std::size_t i = 0; i < total.statistics().size(); ++i) total.statistics()[i] += payload.statistics()[i];
}

}  // namespace crossilo
