// Aim: where the ranks of a batch job's next start go when hosts are gone, and the command that starts them there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crossilo/round/sites.hpp"

namespace crossilo {

/// A host of a job, and for how many ranks it has room (0: it starts nothing any more).
struct HostSlots {
  std::string host;
  int slots = 0;
  std::string site{};  // empty: that of its group
  bool operator==(const HostSlots&) const = default;
};

/// One of the groups that a job is of: silos move to other hosts of their group and site, never to another group.
using HostGroup = std::vector<HostSlots>;

/// The groups of "a1:1,a2:1;b1:1,b2:0"; none of an empty text. Throws: ConfigError.
[[nodiscard]] std::vector<HostGroup> parse_host_groups(const std::string& text);

/// Which host each silo was last on, with or without its domain.
using HostOfSilo = std::map<std::string, std::string>;

/// At which site each host was when ranks last ran there; empty where there was only one.
using SiteOfHost = std::map<std::string, std::string>;

/// The group in which each silo's rank was started first, where no more is known.
using GroupOfSilo = std::map<std::string, std::size_t>;

/// By what Slurm says of each group: "2(x3),1" (SLURM_TASKS_PER_NODE_HET_GROUP_…). Empty where that is not a rank a
/// silo.
[[nodiscard]] GroupOfSilo groups_of_silos(const std::vector<std::string>& silos,
                                          const std::vector<std::string>& tasks_per_node);

/// Notes the site of each host, where a group may have several: by the rule's lists of hosts, to which n4 and
/// n4.cluster.edu are one, or of the silos that were last there; otherwise as it was. A host of which these do not say
/// just one is a site of its own, so that no silo moves to another or comes from there.
void set_sites(std::vector<HostGroup>& groups, const SiteRule& rule, const HostOfSilo& hosts,
               const SiteOfHost& known = {});

/// Those of the silos that have no place: of a site of a group without room for all, the last ones from hosts that are
/// gone. Silos of whom nobody knows where they were fill what is left of their group, or else of all in their order.
[[nodiscard]] std::vector<std::string> displaced_silos(const std::vector<HostGroup>& groups,
                                                       const std::vector<std::string>& silos, const HostOfSilo& hosts,
                                                       const GroupOfSilo& first_groups = {});

/// The host of each of these silos, as the job calls it, in their order, which is that of ranks, by groups: its own
/// where that is alive. None of them may be displaced.
[[nodiscard]] std::vector<std::vector<std::string>> places_of(const std::vector<HostGroup>& groups,
                                                              const std::vector<std::string>& silos,
                                                              const HostOfSilo& hosts,
                                                              const GroupOfSilo& first_groups = {});

/// The launcher's words in front of the program's: both together are a command.
struct LaunchCommand {
  std::vector<std::string> launcher;  // srun or mpirun, with options
  std::vector<std::string> program;
};

/// That command, with a rank in each of these places.
[[nodiscard]] std::vector<std::string> placed_command(const LaunchCommand& command,
                                                      const std::vector<std::vector<std::string>>& places);

}  // namespace crossilo
