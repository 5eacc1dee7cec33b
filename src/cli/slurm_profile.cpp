#include "slurm_profile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>

#include "../io/ini.hpp"
#include "../io/spelling.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

constexpr const char* kFolder = "slurm/profiles";

/// Puts a value where it belongs, and says what is wanted where it cannot; empty: it could.
using Setter = std::function<std::string(const std::string&)>;
using Setters = std::map<std::string, Setter>;

/// A word of a line "#SBATCH --option=WORD", in which no shell looks for anything.
Setter word(std::string& target) {
  return [&target](const std::string& value) -> std::string {
    const auto is_fine = [](unsigned char c) { return std::isgraph(c) != 0 && c != '"' && c != '\'' && c != '\\'; };
    if (value.empty() || !std::ranges::all_of(value, is_fine)) return "one word without quotes is wanted";
    target = value;
    return "";
  };
}

Setter one_of(std::string& target, std::vector<std::string> words) {
  return [&target, words = std::move(words)](const std::string& value) -> std::string {
    if (std::ranges::find(words, value) == words.end()) return fmt::format("{} is wanted", fmt::join(words, " or "));
    target = value;
    return "";
  };
}

Setter number(std::uint32_t& target, std::uint32_t least) {
  return [&target, least](const std::string& value) -> std::string {
    constexpr std::uint32_t kMost = 100000;
    std::uint32_t read = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), read);
    if (error != std::errc() || end != value.data() + value.size() || read < least || read > kMost)
      return fmt::format("a whole number from {} to {} is wanted", least, kMost);
    target = read;
    return "";
  };
}

Setter options(std::string& target) {
  return [&target](const std::string& value) -> std::string {
    if (value.rfind("--", 0) != 0) return "options of sbatch are wanted, such as --qos=normal";
    target = value;
    return "";
  };
}

Setter line(std::string& target) {
  return [&target](const std::string& value) {
    target = value;
    return std::string();
  };
}

Setters setters_of_job(SlurmProfile& profile) {
  return {{"launcher", one_of(profile.launcher, {"srun", "mpirun"})},
          {"time", word(profile.time)},
          {"account", word(profile.account)},
          {"options", options(profile.options)},
          {"setup", line(profile.setup)},
          {"warning_seconds", number(profile.warning_seconds, 30)},
          {"cpus_per_rank", number(profile.cpus_per_rank, 1)},
          {"gpus_per_rank", number(profile.gpus_per_rank, 0)}};
}

Setters setters_of_group(ProfileGroup& group) {
  return {{"partition", word(group.partition)},
          {"constraint", word(group.constraint)},
          {"options", options(group.options)},
          {"nodes", number(group.nodes, 1)},
          {"ranks", number(group.ranks, 1)}};
}

/// The mistake in an entry, empty where its value was taken.
std::string take(const Setters& setters, const IniEntry& entry) {
  const std::string key = entry.name.substr(entry.name.find('.') + 1);
  if (const auto known = setters.find(key); known != setters.end()) {
    const std::string wanted = known->second(entry.value);
    return wanted.empty() ? "" : fmt::format("{} = \"{}\": {}", entry.name, entry.value, wanted);
  }
  std::vector<std::string> keys;
  for (const auto& [name, setter] : setters) keys.push_back(name);
  const std::string* const near = nearest_name(key, keys);
  return fmt::format(
      "{}: no such key; {}", entry.name,
      near != nullptr ? fmt::format("did you mean {}?", *near) : fmt::format("there are {}", fmt::join(keys, ", ")));
}

/// What a key of this section sets, none where it is neither [job] nor [group…].
Setters setters_of(SlurmProfile& profile, const std::string& section) {
  if (section == "job") return setters_of_job(profile);
  if (section.rfind("group", 0) != 0) return {};
  auto group = std::ranges::find(profile.groups, section, &ProfileGroup::section);
  if (group == profile.groups.end()) {
    profile.groups.push_back({.section = section});
    group = std::prev(profile.groups.end());
  }
  return setters_of_group(*group);
}

std::string text_of(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (file) return {std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, error))
    if (entry.path().extension() == ".ini") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  throw ConfigError(
      fmt::format("--profile {}: {} cannot be read; {}", name, path,
                  names.empty() ? fmt::format("there are no profiles in {} here: give the path of one", kFolder)
                                : fmt::format("profiles in {}: {}; or give a path", kFolder, fmt::join(names, ", "))));
}

}  // namespace

SlurmProfile read_slurm_profile(const std::string& name) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".ini");
  SlurmProfile profile{.path = is_path ? name : fmt::format("{}/{}.ini", kFolder, name)};
  const IniFile file = scan_ini(text_of(name, profile.path));
  std::vector<std::string> faults;
  const auto note = [&](int at, const std::string& text) {
    if (!text.empty()) faults.push_back(fmt::format("{}:{}: {}", profile.path, at, text));
  };
  for (const IniProblem& problem : file.problems) note(problem.line, problem.text);
  for (const IniEntry& entry : file.entries) {
    const std::string section = entry.name.substr(0, entry.name.find('.'));
    const Setters setters = setters_of(profile, section);
    note(entry.line, setters.empty() ? fmt::format("[{}]: no such section; there are [job] and [group], or [group_…] "
                                                   "for each group of a heterogeneous job",
                                                   section)
                                     : take(setters, entry));
  }
  if (profile.time.empty() && faults.empty()) note(0, "job.time: must be set, such as time = 02:00:00");
  if (profile.groups.empty() && faults.empty()) note(0, "[group]: must be there, such as nodes = 1");
  if (!faults.empty()) throw ConfigError(fmt::format("{}", fmt::join(faults, "\n")));
  return profile;
}

}  // namespace crossilo
