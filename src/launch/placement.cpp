#include "crossilo/launch/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/comm/host_list.hpp"

namespace crossilo {
namespace {

using Names = std::vector<std::string>;

/// The parts of a group between which no silo moves: its hosts by site.
std::vector<HostGroup> by_site(const HostGroup& group) {
  std::vector<HostGroup> parts;
  for (const HostSlots& host : group) {
    auto part = std::ranges::find(parts, host.site, [](const HostGroup& one) { return one.front().site; });
    if (part == parts.end()) part = parts.insert(part, HostGroup());
    part->push_back(host);
  }
  return parts;
}

int ranks_on(const HostGroup& hosts) {
  return std::accumulate(hosts.begin(), hosts.end(), 0, [](int sum, const HostSlots& one) { return sum + one.slots; });
}

/// The host in that part of a group on which a silo was; the end where it was elsewhere.
HostGroup::const_iterator host_in(const HostGroup& group, const std::string& silo, const HostOfSilo& hosts) {
  const auto host = hosts.find(silo);
  return host == hosts.end() ? group.end() : std::ranges::find(group, host->second, &HostSlots::host);
}

Names silos_in(const HostGroup& group, Names silos, const HostOfSilo& hosts) {
  std::erase_if(silos, [&](const std::string& silo) { return host_in(group, silo, hosts) == group.end(); });
  return silos;
}

/// Writes down where the silos of a part are now: whose host is alive stays there, the others go where most room is
/// left.
void move_in(const HostGroup& part, const Names& silos, HostOfSilo& hosts) {
  HostGroup room = part;
  std::erase_if(room, [](const HostSlots& one) { return one.slots == 0; });
  Names moving;
  for (const std::string& silo : silos) {
    const auto own = std::ranges::find(room, hosts.at(silo), &HostSlots::host);
    if (own == room.end())
      moving.push_back(silo);
    else
      --own->slots;
  }
  for (const std::string& silo : moving) {
    const auto host = std::ranges::max_element(room, {}, &HostSlots::slots);
    hosts[silo] = host->host;
    --host->slots;
  }
}

/// The launcher's options without those that say where and how many.
Names without_places(const Names& launcher) {
  constexpr std::array kOfMpirun = {"--host", "-np", "--map-by"};  // with their values
  constexpr std::array kOfSrun = {"--het-group=", "--ntasks=", "--nodes=", "--nodelist=", "--distribution="};
  Names words;
  for (std::size_t at = 1; at < launcher.size(); ++at) {
    const std::string& word = launcher[at];
    if (std::ranges::count(kOfMpirun, word) > 0)
      ++at;
    else if (word != "--oversubscribe" &&
             std::ranges::none_of(kOfSrun, [&](const char* option) { return word.starts_with(option); }))
      words.push_back(word);
  }
  return words;
}

/// One part for each group, with colons between: srun makes one world of them. Ranks lie in the order of the list.
Names srun_command(const LaunchCommand& command, const std::vector<Names>& places) {
  const bool has_groups = places.size() > 1;
  const Names options = without_places(command.launcher);
  Names words;
  for (std::size_t group = 0; group < places.size(); ++group) {
    const Names& hosts = places[group];
    if (hosts.empty()) continue;
    const std::set<std::string> nodes(hosts.begin(), hosts.end());
    words.push_back(words.empty() ? command.launcher.front() : ":");
    words.insert(words.end(), options.begin(), options.end());
    if (has_groups) words.push_back(fmt::format("--het-group={}", group));
    words.insert(words.end(), {fmt::format("--nodes={}", nodes.size()), fmt::format("--ntasks={}", hosts.size()),
                               "--distribution=arbitrary", fmt::format("--nodelist={}", fmt::join(hosts, ","))});
    words.insert(words.end(), command.program.begin(), command.program.end());
  }
  return words;
}

Names mpirun_command(const LaunchCommand& command, const std::vector<Names>& places) {
  Names hosts;
  for (const Names& group : places) hosts.insert(hosts.end(), group.begin(), group.end());
  Names words = {command.launcher.front()};
  const Names options = without_places(command.launcher);
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--oversubscribe", "--map-by", "seq", "-np", std::to_string(hosts.size()), "--host",
                             fmt::format("{}", fmt::join(hosts, ","))});
  words.insert(words.end(), command.program.begin(), command.program.end());
  return words;
}

}  // namespace

std::vector<HostGroup> parse_host_groups(const std::string& text) {
  std::vector<HostGroup> groups;
  if (text.empty()) return groups;
  for (const std::string& part : parts_of(text, ';')) {
    groups.emplace_back();
    for (const std::string& host : parts_of(part, ',')) {
      int slots = 0;
      const char* const end = host.data() + host.size();
      const std::size_t colon = host.rfind(':');
      const auto read = colon == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                   : std::from_chars(host.data() + colon + 1, end, slots);
      if (read.ec != std::errc() || read.ptr != end || colon == 0 || slots < 0)
        throw ConfigError(fmt::format("hosts \"{}\": each as NAME:RANKS is wanted, such as a1:1,a2:1;b1:2", text));
      groups.back().push_back({host.substr(0, colon), slots});
    }
  }
  return groups;
}

void set_sites(std::vector<HostGroup>& groups, const std::vector<SiteMembers>& sites) {
  for (HostGroup& group : groups)
    for (HostSlots& host : group)
      for (const SiteMembers& one : sites)
        if (std::ranges::any_of(one.members, [&](const std::string& name) { return is_same_host(name, host.host); }))
          host.site = one.site;
}

Names displaced_silos(const std::vector<HostGroup>& groups, const Names& silos, const HostOfSilo& hosts) {
  Names displaced;
  for (const HostGroup& group : groups)
    for (const HostGroup& part : by_site(group)) {
      const Names there = silos_in(part, silos, hosts);
      const auto before = static_cast<std::ptrdiff_t>(displaced.size());
      int too_many = static_cast<int>(there.size()) - ranks_on(part);
      for (auto silo = there.rbegin(); silo != there.rend() && too_many > 0; ++silo) {
        if (host_in(part, *silo, hosts)->slots > 0) continue;
        displaced.push_back(*silo);
        --too_many;
      }
      std::reverse(displaced.begin() + before, displaced.end());
    }
  return displaced;
}

std::vector<Names> places_of(const std::vector<HostGroup>& groups, const Names& silos, HostOfSilo hosts) {
  std::vector<Names> places;
  for (const HostGroup& group : groups) {
    for (const HostGroup& part : by_site(group)) move_in(part, silos_in(part, silos, hosts), hosts);
    Names& placed = places.emplace_back();
    for (const std::string& silo : silos_in(group, silos, hosts)) placed.push_back(hosts.at(silo));
  }
  return places;
}

Names placed_command(const LaunchCommand& command, const std::vector<Names>& places) {
  const bool is_srun = std::filesystem::path(command.launcher.front()).filename() == "srun";
  return is_srun ? srun_command(command, places) : mpirun_command(command, places);
}

}  // namespace crossilo
