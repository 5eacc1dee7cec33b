// Aim: a plan as people and as programs read it.
#pragma once

#include <optional>
#include <string>

#include "cost_options.hpp"
#include "crossilo/io/config.hpp"
#include "plan_facts.hpp"

namespace crossilo {

/// `cost`: where it was asked for, which puts it behind all else.
[[nodiscard]] std::string plan_text(const LoadedConfig& loaded, const PlanFacts& plan,
                                    const std::optional<PlannedCost>& cost);
[[nodiscard]] std::string plan_json(const LoadedConfig& loaded, const PlanFacts& plan,
                                    const std::optional<PlannedCost>& cost);

}  // namespace crossilo
