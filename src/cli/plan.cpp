#include "crossilo/cli/plan.hpp"

#include <fmt/format.h>

#include <iostream>

#include "command_line.hpp"
#include "config_arguments.hpp"
#include "crossilo/base/error.hpp"
#include "plan_facts.hpp"
#include "plan_text.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "plan",
    .usage =
        "Usage: crossilo plan CONFIG.ini [options]\n"
        "Shows what a configuration comes to: each setting and where it comes from, data, model, bytes, memory, and\n"
        "what leaves a silo. Trains nothing, and looks at the head of a silo file, not at its rows.\n\n",
    .example = "\nExample: crossilo plan configs/heart.ini --privacy.lane_bits 16\n",
    .positional = {"CONFIG"},
    .takes_settings = true};

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

}  // namespace

int run_plan(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print a JSON object");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const auto& files = (*values)["CONFIG"].as<std::vector<std::string>>();
  if (files.size() != 1)
    throw ConfigError(fmt::format("plan: {} files are given, one is wanted; see crossilo plan --help", files.size()));
  const LoadedConfig loaded = load_config(config_request(files.front(), *values));
  const PlanFacts plan = plan_facts(loaded.config);
  std::cout << (values->count("json") > 0 ? plan_json(loaded, plan) : plan_text(loaded, plan)) << std::flush;
  refuse_faults(plan);
  return 0;
}

}  // namespace crossilo
