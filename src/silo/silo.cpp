#include "crossilo/silo/silo.hpp"

#include "crossilo/base/check.hpp"

namespace crossilo {

SiloUpdate Silo::train_locally(const RoundTicket& ticket, std::span<const float> global, UpdateBuffer& buffer) {
  CROSSILO_ASSERT(global.size() == buffer.parameters.size());
  train(ticket, global, buffer.parameters);
  return {id(), buffer, /*abstains=*/false};
}

SiloUpdate Silo::statistics_only(UpdateBuffer& buffer) {
  CROSSILO_ASSERT(buffer.parameters.empty());
  return {id(), buffer, /*abstains=*/false};
}

}  // namespace crossilo
