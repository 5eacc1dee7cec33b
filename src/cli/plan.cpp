#include "crossilo/cli/plan.hpp"

#include <fmt/format.h>

#include <iostream>

#include "command_line.hpp"
#include "config_arguments.hpp"
#include "cost_options.hpp"
#include "cost_text.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/io/json_text.hpp"
#include "plan_facts.hpp"
#include "plan_text.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "plan",
    .usage =
        "Usage: crossilo plan CONFIG.ini [options]\n"
        "       crossilo plan --silos N --sites K --parameters M [options]\n"
        "Shows what a configuration comes to: each setting and where it comes from, data, model, bytes, memory, and\n"
        "what leaves a silo. Trains nothing, and looks at the head of a silo file, not at its rows.\n"
        "With --silos or --sites it predicts how long a round takes, phase by phase, and what binds "
        "(docs/scaling.md).\n\n",
    .example =
        "\nExamples: crossilo plan configs/heart.ini --privacy.lane_bits 16\n"
        "          crossilo plan --silos 8 --sites 2 --parameters 25000000 --uplink 1Gbit --latency 25ms\n",
    .positional = {"CONFIG"},
    .takes_settings = true,
    .positional_optional = true};

/// What stops crossilo train, too.
void refuse_faults(const PlanFacts& plan) {
  std::string faults;
  for (const PlannedSilo& silo : plan.silos)
    if (!silo.fault.empty()) faults += fmt::format("silo {}: {}\n", silo.name, silo.fault);
  if (!faults.empty()) throw DataError(faults + "so crossilo train would not start");
  if (plan.model && !plan.model->memory_fault.empty())
    throw EnvironmentError(fmt::format("model {}: {}, so crossilo train would not start here", plan.model->name,
                                       plan.model->memory_fault));
}

CostDefaults cost_defaults(const Config& config, const PlanFacts& plan) {
  // Not the cohort alone: who sits out masks and sums, too.
  return {.silos = config.run.silos.size(),
          .parameters = plan.model ? plan.model->weights + plan.model->buffers : 0,
          .buffers = plan.model ? plan.model->buffers : 0,
          .lane_bits = config.privacy.lane_bits,
          .is_masked = config.privacy.masking};
}

/// A round by its numbers alone, without a configuration.
void print_cost(const PlannedCost& cost, bool as_json) {
  std::cout << (as_json ? json_text(nlohmann::ordered_json{{"round_cost", cost_json(cost)}}) : cost_text(cost))
            << std::flush;
}

}  // namespace

int run_plan(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print a JSON object");
  add_cost_options(options);
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const bool as_json = values->count("json") > 0;
  const bool asks = asks_for_cost(*values);
  const auto files =
      values->count("CONFIG") > 0 ? (*values)["CONFIG"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (files.empty() && asks) {
    print_cost(planned_cost(*values, {}), as_json);
    return 0;
  }
  if (files.empty()) throw ConfigError("plan: no CONFIG is given, nor --silos; see crossilo plan --help");
  if (files.size() != 1)
    throw ConfigError(fmt::format("plan: {} files are given, one is wanted; see crossilo plan --help", files.size()));
  const LoadedConfig loaded = load_config(config_request(files.front(), *values));
  const PlanFacts plan = plan_facts(loaded.config);
  std::optional<PlannedCost> cost;
  if (asks) cost = planned_cost(*values, cost_defaults(loaded.config, plan));
  std::cout << (as_json ? plan_json(loaded, plan, cost) : plan_text(loaded, plan, cost)) << std::flush;
  refuse_faults(plan);
  return 0;
}

}  // namespace crossilo
