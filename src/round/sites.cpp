#include "crossilo/round/sites.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/rank_identity.hpp"
#include "crossilo/base/silo_name.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/comm/host_list.hpp"
#include "crossilo/round/settings_of_ranks.hpp"

namespace crossilo {
namespace {

constexpr const char* kOnlySite = "all";

/// The site that names this host, or one of these silos.
SiteClaim look_up(const std::vector<SiteMembers>& sites, const std::string& source, const std::string& host,
                  const std::vector<std::string>& silos) {
  std::set<std::string> found;
  for (const SiteMembers& one : sites)
    for (const std::string& member : one.members)
      if (is_same_host(member, host) || std::ranges::count(silos, member) > 0) found.insert(one.site);
  if (found.size() == 1) return {.site = *found.begin()};
  const std::string who =
      silos.empty() ? "host " + host : fmt::format("host {} and silo {}", host, fmt::join(silos, ", "));
  if (found.empty()) return {.site = "", .fault = fmt::format("{} names no site for {}", source, who)};
  return {.site = "", .fault = fmt::format("{} names several sites for {}: {}", source, who, fmt::join(found, ", "))};
}

/// The nodes of each het group. The variable of partitions names the first group's in all of them, so it is not asked.
SiteClaim claim_of_het_group(const RankFacts& facts) {
  const char* const size = facts.environment("SLURM_HET_SIZE");
  unsigned groups = 0;
  if (size == nullptr || std::from_chars(size, size + std::strlen(size), groups).ec != std::errc())
    return {.site = "",
            .fault =
                "SLURM_HET_SIZE is not set: topology.sites_from = het wants a heterogeneous Slurm job (lines "
                "#SBATCH hetjob)"};
  std::vector<SiteMembers> sites;
  for (unsigned group = 0; group < groups; ++group) {
    const std::string variable = fmt::format("SLURM_JOB_NODELIST_HET_GROUP_{}", group);
    const char* const list = facts.environment(variable.c_str());
    if (list == nullptr) return {.site = "", .fault = variable + " is not set, though SLURM_HET_SIZE is " + size};
    try {
      sites.push_back({.site = fmt::format("group{}", group), .list = list, .members = expand_hosts(list)});
    } catch (const ConfigError& error) {
      return {.site = "", .fault = fmt::format("{} = {}: {}", variable, list, error.what())};
    }
  }
  return look_up(sites, "the node lists of the Slurm job (SLURM_JOB_NODELIST_HET_GROUP_…)", facts.host, {});
}

SiteClaim claim_of_environment(const RankFacts& facts) {
  const char* const site = facts.environment(kSiteVariable);
  if (site == nullptr || *site == '\0')
    return {.site = "", .fault = "CROSSILO_SITE is not set: topology.sites_from = env wants the site's name in it"};
  const std::string fault = silo_name_fault(site);
  if (fault.empty()) return {.site = site};
  return {.site = "",
          .fault = fmt::format("{} = \"{}\" {}; {} are allowed", kSiteVariable, shown(site), fault, kSiloNameAllowed)};
}

std::string text_of(const SiteClaim& claim) { return fmt::format("{}\n{}\n{}", claim.site, claim.gpus, claim.fault); }

/// A claim that came off the wire.
SiteClaim claim_of(const std::string& text) {
  const std::vector<std::string> lines = parts_of(text, '\n');
  if (lines.size() < 3) return {.site = "", .fault = "what it says of its site cannot be understood"};
  SiteClaim claim{.site = lines[0], .fault = lines[2]};
  std::from_chars(lines[1].data(), lines[1].data() + lines[1].size(), claim.gpus);
  if (claim.fault.empty() && !silo_name_fault(claim.site).empty())
    claim.fault = fmt::format("it says site \"{}\", which is no name", shown(claim.site));
  return claim;
}

}  // namespace

SiteClaim claim_site(const SiteRule& rule, const RankFacts& facts) {
  SiteClaim claim{.site = kOnlySite};
  if (!rule.fault.empty())
    claim = {.site = "", .fault = rule.fault};
  else if (rule.sites_from == "hosts")
    claim = look_up(rule.sites, rule.source, facts.host, {});
  else if (rule.sites_from == "file")
    claim = look_up(rule.sites, rule.source, facts.host, facts.silos);
  else if (rule.sites_from == "het")
    claim = claim_of_het_group(facts);
  else if (rule.sites_from == "env")
    claim = claim_of_environment(facts);
  claim.gpus = facts.gpus;
  return claim;
}

Topology agree_on_topology(Communicator& communicator, const Hosting& hosting,
                           const std::vector<std::string>& silo_names, const SiteClaim& own, const Deadline& deadline) {
  constexpr std::size_t kNamedMax = 5;
  std::vector<RankPlace> places;
  std::vector<std::string> faults;
  for (const std::string& text : gather_texts(communicator, text_of(own), deadline)) {
    const SiteClaim claim = claim_of(text);
    const std::size_t rank = places.size();
    places.push_back({.host = hosting.host_of_rank.at(rank), .site = claim.site, .gpus = claim.gpus});
    if (!claim.fault.empty()) faults.push_back(communicator.peer_name(static_cast<int>(rank)) + ": " + claim.fault);
  }
  if (const std::size_t all = faults.size(); all > 0) {
    faults.resize(std::min(all, kNamedMax));
    if (all > kNamedMax) faults.push_back(fmt::format("and so for {} more", all - kNamedMax));
    throw EnvironmentError(fmt::format("{}; nothing was started", fmt::join(faults, "; ")));
  }
  Topology topology(std::move(places));
  if (topology.sites() < 2) return topology;
  std::vector<std::string> names;
  for (int rank = 0; rank < topology.ranks(); ++rank)
    names.push_back(name_of({.rank = rank,
                             .silos = hosting.names(silo_names, rank),
                             .host = topology.place(rank).host,
                             .site = topology.place(rank).site}));
  communicator.name_peers(std::move(names));
  return topology;
}

}  // namespace crossilo
