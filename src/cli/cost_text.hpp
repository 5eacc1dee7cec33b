// Aim: a predicted round as people and as programs read it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cost_options.hpp"

namespace crossilo {

[[nodiscard]] std::string cost_text(const PlannedCost& planned);
[[nodiscard]] nlohmann::ordered_json cost_json(const PlannedCost& planned);

}  // namespace crossilo
