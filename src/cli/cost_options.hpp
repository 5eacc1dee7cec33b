// Aim: the question of crossilo plan about a round's seconds, from the command line.
#pragma once

#include <boost/program_options.hpp>
#include <optional>

#include "crossilo/round/cost_model.hpp"

namespace crossilo {

/// A round and what it will take.
struct PlannedCost {
  RoundCase planned;
  RoundCost cost;
};

/// What a configuration says of it; the options are stronger.
struct CostDefaults {
  std::size_t silos = 0;         // 0: must be given
  std::uint64_t parameters = 0;  // 0: must be given
  std::uint64_t buffers = 0;     // among these
  unsigned lane_bits = 32;
  bool is_masked = true;
};

void add_cost_options(boost::program_options::options_description& options);

/// Whether --silos or --sites asks for it. Throws: ConfigError where other options of it are given without these.
[[nodiscard]] bool asks_for_cost(const boost::program_options::variables_map& values);

/// Throws: ConfigError that names the option.
[[nodiscard]] PlannedCost planned_cost(const boost::program_options::variables_map& values,
                                       const CostDefaults& defaults);

}  // namespace crossilo
