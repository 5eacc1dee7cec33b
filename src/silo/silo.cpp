#include "crossilo/silo/silo.hpp"

#include "crossilo/base/check.hpp"

namespace crossilo {

SiloUpdate Silo::train_locally(const RoundTicket& ticket, std::span<const float> global, UpdateBuffer& buffer) {
  CROSSILO_ASSERT(global.size() == buffer.parameters.size());
  train(ticket, global, buffer.parameters);
  for (std::size_t i = 0; i < remainder_.size(); ++i) buffer.parameters[i] += remainder_[i];
  return {id(), buffer, /*abstains=*/false};
}

void Silo::keep_remainder(std::span<const float> remainder) {
  CROSSILO_ASSERT(remainder_.empty() || remainder.size() == remainder_.size());
  remainder_.assign(remainder.begin(), remainder.end());
}

SiloUpdate Silo::statistics_only(UpdateBuffer& buffer) {
  CROSSILO_ASSERT(buffer.parameters.empty());
  return {id(), buffer, /*abstains=*/false};
}

}  // namespace crossilo
