#include "crossilo/launch/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <set>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/comm/host_list.hpp"

namespace crossilo {
namespace {

using Names = std::vector<std::string>;

/// A host of the job, the number of its group, and for how many more ranks it has room.
struct Room {
  HostSlots host;
  std::size_t group = 0;
  int left = host.slots;
  [[nodiscard]] bool is_gone() const { return host.slots == 0; }
};

/// Finds a host for each silo: first for those whose own is alive, then for those whose own is gone, last for those of
/// whom nobody knows where they were.
class Seating {
 public:
  Seating(const std::vector<HostGroup>& groups, const Names& silos, const HostOfSilo& hosts,
          const GroupOfSilo& first_groups) {
    for (std::size_t group = 0; group < groups.size(); ++group)
      for (const HostSlots& host : groups[group]) rooms_.push_back({.host = host, .group = group});
    for (const std::string& silo : silos) own_.push_back(room_of(silo, hosts));
    seats_.resize(silos.size(), nullptr);
    for (std::size_t silo = 0; silo < silos.size(); ++silo)
      if (own_[silo] != nullptr && !own_[silo]->is_gone()) sit(silo, own_[silo]);
    for (std::size_t silo = 0; silo < silos.size(); ++silo)
      if (own_[silo] != nullptr && own_[silo]->is_gone()) sit(silo, room_beside(*own_[silo]));
    for (std::size_t silo = 0; silo < silos.size(); ++silo)
      if (own_[silo] == nullptr) {
        const auto group = first_groups.find(silos[silo]);
        const Groups in = group == first_groups.end() ? groups_between(silo) : Groups{group->second, group->second};
        sit(silo, own_[silo] = room_in(in));
      }
  }
  /// Nothing where it has none.
  [[nodiscard]] const Room* seat(std::size_t silo) const { return seats_[silo]; }

 private:
  struct Groups {
    std::size_t first;
    std::size_t last;
  };

  Room* room_of(const std::string& silo, const HostOfSilo& hosts) {
    const auto host = hosts.find(silo);
    if (host == hosts.end()) return nullptr;
    const auto room =
        std::ranges::find_if(rooms_, [&](const Room& one) { return is_same_host(one.host.host, host->second); });
    return room == rooms_.end() ? nullptr : &*room;
  }

  void sit(std::size_t silo, Room* room) {
    seats_[silo] = room;
    if (room != nullptr) --room->left;
  }

  /// Where most room is left at that site of that group.
  Room* room_beside(const Room& own) {
    Room* most = nullptr;
    for (Room& room : rooms_)
      if (room.group == own.group && room.host.site == own.host.site && room.left > (most == nullptr ? 0 : most->left))
        most = &room;
    return most;
  }

  /// From that of the silo in front to that of the one behind, since ranks lie in the order of groups.
  [[nodiscard]] Groups groups_between(std::size_t silo) const {
    const auto is_known = [](const Room* room) { return room != nullptr; };
    const auto at = own_.begin() + static_cast<std::ptrdiff_t>(silo);
    const auto in_front = std::find_if(std::make_reverse_iterator(at), own_.rend(), is_known);
    const auto behind = std::find_if(at, own_.end(), is_known);
    const Groups all{0, rooms_.size()};
    const Groups between{in_front == own_.rend() ? all.first : (*in_front)->group,
                         behind == own_.end() ? all.last : (*behind)->group};
    return between.first > between.last ? all : between;
  }

  /// The first with room in these groups. Where they are of several sites, nobody knows which is the silo's. Where no
  /// host is gone, nothing changes: it is as crowded as it was.
  Room* room_in(const Groups& groups) {
    std::vector<Room*> rooms;
    for (Room& room : rooms_)
      if (room.group >= groups.first && room.group <= groups.last) rooms.push_back(&room);
    const bool is_any_gone = std::ranges::any_of(rooms_, &Room::is_gone);
    const auto is_elsewhere = [&](const Room* room) { return room->host.site != rooms.front()->host.site; };
    if (rooms.empty() || (is_any_gone && std::ranges::any_of(rooms, is_elsewhere))) return nullptr;
    const auto room = std::ranges::find_if(rooms, [](const Room* one) { return one->left > 0; });
    if (room != rooms.end()) return *room;
    return is_any_gone ? nullptr : *std::ranges::max_element(rooms, {}, &Room::left);
  }

  std::vector<Room> rooms_;
  std::vector<Room*> own_;    // where each silo was
  std::vector<Room*> seats_;  // where it goes
};

/// 7 of "2(x3),1"; 0 of what cannot be understood.
std::size_t tasks_in(const std::string& tasks_per_node) {
  std::size_t sum = 0;
  for (const std::string& part : parts_of(tasks_per_node, ',')) {
    std::size_t tasks = 0;
    std::size_t nodes = 1;
    const char* const end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, tasks);
    if (const std::string_view rest(read.ptr, end); rest.starts_with("(x"))
      std::from_chars(rest.data() + 2, end, nodes);
    else if (read.ec != std::errc() || !rest.empty())
      return 0;
    sum += tasks * nodes;
  }
  return sum;
}

/// The sites in whose lists the host is, or a silo that was on it.
std::set<std::string> sites_of(const std::string& host, const std::vector<SiteMembers>& sites,
                               const HostOfSilo& hosts) {
  std::set<std::string> found;
  for (const SiteMembers& one : sites)
    for (const std::string& member : one.members)
      if (const auto silo = hosts.find(member);
          is_same_host(member, host) || (silo != hosts.end() && is_same_host(silo->second, host)))
        found.insert(one.site);
  return found;
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

GroupOfSilo groups_of_silos(const Names& silos, const Names& tasks_per_node) {
  GroupOfSilo groups;
  std::size_t silo = 0;
  for (std::size_t group = 0; group < tasks_per_node.size(); ++group)
    for (std::size_t tasks = tasks_in(tasks_per_node[group]); tasks > 0; --tasks, ++silo) {
      if (silo == silos.size()) return {};
      groups[silos[silo]] = group;
    }
  return silo == silos.size() ? groups : GroupOfSilo();
}

void set_sites(std::vector<HostGroup>& groups, const SiteRule& rule, const HostOfSilo& hosts, const SiteOfHost& known) {
  if (rule.sites_from == "one" || rule.sites_from == "het") return;
  const HostOfSilo named = rule.sites_from == "file" ? hosts : HostOfSilo();  // the other lists are of hosts alone
  for (HostGroup& group : groups)
    for (HostSlots& host : group) {
      std::set<std::string> sites = sites_of(host.host, rule.sites, named);
      if (sites.empty())
        for (const auto& [other, site] : known)
          if (is_same_host(other, host.host)) sites.insert(site);
      host.site = sites.size() == 1 ? *sites.begin() : "only " + host.host;  // no site's name has a blank
    }
}

Names displaced_silos(const std::vector<HostGroup>& groups, const Names& silos, const HostOfSilo& hosts,
                      const GroupOfSilo& first_groups) {
  const Seating seating(groups, silos, hosts, first_groups);
  Names displaced;
  for (std::size_t silo = 0; silo < silos.size(); ++silo)
    if (seating.seat(silo) == nullptr) displaced.push_back(silos[silo]);
  return displaced;
}

std::vector<Names> places_of(const std::vector<HostGroup>& groups, const Names& silos, const HostOfSilo& hosts,
                             const GroupOfSilo& first_groups) {
  const Seating seating(groups, silos, hosts, first_groups);
  std::vector<Names> places(groups.size());
  for (std::size_t silo = 0; silo < silos.size(); ++silo) {
    const Room* const room = seating.seat(silo);
    CROSSILO_ASSERT(room != nullptr);
    places[room->group].push_back(room->host.host);
  }
  return places;
}

Names placed_command(const LaunchCommand& command, const std::vector<Names>& places) {
  const bool is_srun = std::filesystem::path(command.launcher.front()).filename() == "srun";
  return is_srun ? srun_command(command, places) : mpirun_command(command, places);
}

}  // namespace crossilo
