#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <span>

#include "../launch/mpirun.hpp"
#include "command_line.hpp"
#include "config_arguments.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/slurm_commands.hpp"
#include "crossilo/io/config.hpp"
#include "slurm_profile.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "slurm render",
    .usage =
        "Usage: crossilo slurm render CONFIG.ini --profile NAME [settings]\n"
        "Prints a batch script for that configuration on the cluster that slurm/profiles/NAME.ini describes. Read it,\n"
        "then submit it from the folder of the repository. Settings given here stand in it.\n\n",
    .example = "\nExample: crossilo slurm render configs/heart.ini --profile two_sites > heart.sbatch\n",
    .positional = {"CONFIG"},
    .takes_settings = true};

using Lines = std::vector<std::string>;

std::string at(const SlurmProfile& profile, const ProfileGroup& group) {
  return fmt::format("{}: [{}]", profile.path, group.section);
}

/// Gives the only group its ranks. Throws: ConfigError where ranks and silos do not come out even.
void deal_ranks(SlurmProfile& profile, std::size_t silos) {
  if (profile.groups.size() == 1 && profile.groups.front().ranks == 0)
    profile.groups.front().ranks = static_cast<std::uint32_t>(silos);
  std::size_t ranks = 0;
  for (const ProfileGroup& group : profile.groups) {
    if (group.ranks == 0)
      throw ConfigError(fmt::format("{}: ranks must be set, since there are several groups", at(profile, group)));
    if (group.nodes > group.ranks)
      throw ConfigError(
          fmt::format("{}: {} nodes for {} ranks: some would idle", at(profile, group), group.nodes, group.ranks));
    ranks += group.ranks;
  }
  if (ranks != silos)
    throw ConfigError(
        fmt::format("{}: its groups have {} ranks, the configuration has {} silos: one rank for each is wanted",
                    profile.path, ranks, silos));
}

void add_options(Lines& lines, const std::string& options) {
  for (std::size_t start = options.find("--"); start != std::string::npos;) {
    const std::size_t next = options.find(" --", start);
    lines.push_back("#SBATCH " + options.substr(start, next == std::string::npos ? next : next - start));
    start = next == std::string::npos ? next : next + 1;
  }
}

/// The lines of one group; what concerns the job as a whole stands in the first.
void add_group(Lines& lines, const SlurmProfile& profile, const ProfileGroup& group) {
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) lines.push_back(fmt::format("#SBATCH --{}={}", option, value));
  };
  add("account", profile.account);
  add("partition", group.partition);
  add("constraint", group.constraint);
  add("nodes", std::to_string(group.nodes));
  add("ntasks", std::to_string(group.ranks));
  add("cpus-per-task", std::to_string(profile.cpus_per_rank));
  // By node, not by task: NCCL wants all ranks to see all GPUs of a node, and mpirun's ranks see those of its one
  // daemon.
  const std::uint32_t ranks_on_node = (group.ranks + group.nodes - 1) / group.nodes;
  if (profile.gpus_per_rank > 0) add("gpus-per-node", std::to_string(profile.gpus_per_rank * ranks_on_node));
  add("time", profile.time);
  lines.emplace_back("#SBATCH --no-kill");
  add_options(lines, profile.options);
  add_options(lines, group.options);
}

/// "# Ranks 2 to 3, silos c, d: 2 nodes of partition site_b"
std::string group_comment(const ProfileGroup& group, std::span<const std::string> silos, std::size_t first) {
  constexpr std::size_t kNamedMax = 6;
  const std::size_t named = std::min(silos.size(), kNamedMax);
  const std::string ranks = silos.size() == 1 ? fmt::format("Rank {}, silo", first)
                                              : fmt::format("Ranks {} to {}, silos", first, first + silos.size() - 1);
  return fmt::format("# {} {}{}: {} node{}{}", ranks, fmt::join(silos.first(named), ", "),
                     named < silos.size() ? ", …" : "", group.nodes, group.nodes == 1 ? "" : "s",
                     group.partition.empty() ? "" : " of partition " + group.partition);
}

std::string script(const Config& config, const SlurmProfile& profile, const std::string& command) {
  Lines lines = {
      "#!/usr/bin/env bash",
      fmt::format("# Run {}; written by crossilo slurm render, with {}.", config.run.name, profile.path),
      "# Submit it from the folder of the repository: sbatch THIS_FILE [options of crossilo train]. docs/clusters.md",
      "# tells how it stops, is requeued and goes on."};
  std::size_t first = 0;
  for (const ProfileGroup& group : profile.groups) {
    lines.push_back(group_comment(group, std::span(config.run.silos).subspan(first, group.ranks), first));
    first += group.ranks;
  }
  lines.push_back(fmt::format("#SBATCH --job-name={}", config.run.name));
  lines.push_back("#SBATCH --output=crossilo-%j.log");
  lines.push_back(fmt::format("#SBATCH --signal=B:USR2@{}", profile.warning_seconds));
  lines.insert(lines.end(), {"#SBATCH --requeue", "#SBATCH --open-mode=append"});
  for (std::size_t group = 0; group < profile.groups.size(); ++group) {
    if (group > 0) lines.push_back("#SBATCH hetjob");
    add_group(lines, profile, profile.groups[group]);
  }
  lines.push_back("set -euo pipefail");
  if (!profile.setup.empty()) lines.push_back(profile.setup);
  if (profile.groups.size() > 1 && config.topology.sites_from == "one")
    lines.push_back("export CROSSILO_TOPOLOGY_SITES_FROM=het # each group is a site");
  lines.push_back(fmt::format("export stop_seconds_max={} # for the round at hand, once Slurm has warned",
                              profile.warning_seconds * 3 / 4));
  lines.insert(lines.end(),
               {"# shellcheck source=/dev/null", ". slurm/lib.sh", "choose_launcher " + profile.launcher, command});
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

}  // namespace

int run_slurm_render(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("profile", po::value<std::string>()->value_name("NAME"),
                        "slurm/profiles/NAME.ini, or the path of a file");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const auto& files = (*values)["CONFIG"].as<std::vector<std::string>>();
  if (files.size() != 1)
    throw ConfigError(
        fmt::format("slurm render: {} files are given, one is wanted; see crossilo slurm render --help", files.size()));
  if (values->count("profile") == 0)
    throw ConfigError("slurm render: no --profile is given; see slurm/profiles, and crossilo slurm render --help");
  const ConfigRequest request = config_request(files.front(), *values);
  const Config config = load_config(request).config;
  SlurmProfile profile = read_slurm_profile((*values)["profile"].as<std::string>());
  deal_ranks(profile, config.run.silos.size());
  std::vector<std::string> words = {"train_in_job", files.front()};
  if (request.own_path) words.insert(words.end(), {"--own_config", *request.own_path});
  for (const auto& [key, value] : request.command_line) words.insert(words.end(), {"--" + key, value});
  std::cout << script(config, profile, shell_line(words) + " \"$@\"") << std::flush;
  return 0;
}

}  // namespace crossilo
