// Aim: a plan as people and as programs read it.
#pragma once

#include <string>

#include "crossilo/io/config.hpp"
#include "plan_facts.hpp"

namespace crossilo {

[[nodiscard]] std::string plan_text(const LoadedConfig& loaded, const PlanFacts& plan);
[[nodiscard]] std::string plan_json(const LoadedConfig& loaded, const PlanFacts& plan);

}  // namespace crossilo
