#include "crossilo/io/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "config_options.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "ini.hpp"

namespace crossilo {
namespace {

using Lines = std::map<std::string, int>;  // where a key stands in the file

/// Levenshtein's distance: insertions, deletions and exchanges of one character.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({exchanged, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

std::string_view key_of(std::string_view name) { return name.substr(name.find('.') + 1); }

/// "did you mean train.learning_rate?", or where to look when no key is near. A right key in a wrong section is near,
/// a slip in the full name is nearer.
std::string suggestion(std::string_view name) {
  const ConfigOption* nearest = nullptr;
  std::size_t least = 2 * std::max<std::size_t>(2, key_of(name).size() / 3) + 1;
  for (const ConfigOption& option : config_options()) {
    const std::size_t distance =
        std::min(2 * edit_distance(name, option.name), 2 * edit_distance(key_of(name), key_of(option.name)) + 3);
    if (distance < least) least = distance, nearest = &option;
  }
  return nearest == nullptr ? "all keys: docs/configuration.md" : fmt::format("did you mean {}?", nearest->name);
}

void read_entry(const IniEntry& entry, Lines& lines, Config& config, std::vector<IniProblem>& problems) {
  const ConfigOption* const option = find_option(entry.name);
  if (option == nullptr) {
    problems.push_back({entry.line, fmt::format("{}: no such key; {}", entry.name, suggestion(entry.name))});
    return;
  }
  const auto [first, is_new] = lines.emplace(entry.name, entry.line);
  if (!is_new) {
    problems.push_back({entry.line, fmt::format("{}: set before, in line {}; keep one", entry.name, first->second)});
  } else if (!option->read(config, entry.value)) {
    problems.push_back(
        {entry.line, fmt::format("{} = \"{}\": {} is wanted", entry.name, entry.value, option->allowed)});
  }
}

void check_required(const Lines& lines, std::vector<IniProblem>& problems) {
  for (const ConfigOption& option : config_options())
    if (option.need != Need::optional && lines.count(option.name) == 0 &&
        (option.need != Need::or_torchscript || lines.count("model.torchscript") == 0))
      problems.push_back({0, fmt::format("{}: missing; {} is wanted", option.name, wanted(option))});
}

/// What must hold between settings that are right one by one.
void check_pairs(const Config& config, const Lines& lines, std::vector<IniProblem>& problems) {
  const auto require = [&](bool holds, const std::string& name, const std::string& text) {
    const auto line = lines.find(name);
    if (!holds) problems.push_back({line == lines.end() ? 0 : line->second, fmt::format("{}{}", name, text)});
  };
  const bool many_files_here = config.run.one_machine && config.run.silos.size() > 1;
  for (const auto& [name, path] : {std::pair<std::string, std::string>{"data.path", config.data.path},
                                   {"data.private_folder", config.data.private_folder}})
    require(
        !many_files_here || path.empty() || path.find("{silo}") != std::string::npos, name,
        fmt::format(" = \"{}\": {{silo}} must occur in it, since run.one_machine = true and all silos would share it",
                    path));
  require(config.run.silos.size() != 2 || config.privacy.allow_two_silos, "privacy.allow_two_silos",
          " = \"false\": of two silos each can read the other's change from the sum; add a silo, or set it to true");
}

[[noreturn]] void refuse(const std::string& file, std::vector<IniProblem> problems) {
  const auto place = [](const IniProblem& problem) { return static_cast<unsigned>(problem.line - 1); };  // 0 comes last
  std::stable_sort(problems.begin(), problems.end(), [&](auto& a, auto& b) { return place(a) < place(b); });
  std::string text;
  for (const IniProblem& problem : problems)
    text += problem.line == 0 ? fmt::format("{}: {}\n", file, problem.text)
                              : fmt::format("{}:{}: {}\n", file, problem.line, problem.text);
  throw ConfigError(text + fmt::format("{} error{} in {}, nothing was started", problems.size(),
                                       problems.size() == 1 ? "" : "s", file));
}

}  // namespace

Config parse_config(std::string_view text, const std::string& file) {
  const IniFile ini = scan_ini(text);
  std::vector<IniProblem> problems = ini.problems;
  Config config;
  Lines lines;
  for (const IniEntry& entry : ini.entries) read_entry(entry, lines, config, problems);
  check_required(lines, problems);
  check_pairs(config, lines, problems);
  if (!problems.empty()) refuse(file, std::move(problems));
  return config;
}

Config load_config(const std::string& path) try {
  const auto text = read_file_if_there(path);
  if (!text) throw ConfigError(path + ": no such file; nothing was started. A ready one: configs/heart.ini");
  return parse_config(*text, path);
} catch (const StorageError& failure) {
  throw ConfigError(std::string(failure.what()) + "; nothing was started");
}

std::string canonical_text(const Config& config) {
  std::string text;
  for (const ConfigOption& option : config_options()) text += option.name + " = " + option.write(config) + "\n";
  return text;
}

std::vector<std::pair<std::string, std::string>> shared_settings(const Config& config) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const ConfigOption& option : config_options())
    if (option.belongs == Belongs::to_all) settings.emplace_back(option.name, option.write(config));
  return settings;
}

Hash256 shared_hash(const Config& config) {
  std::string text = "crossilo configuration 1\n";
  for (const auto& [name, value] : shared_settings(config)) text += name + " = " + value + "\n";
  return sha256(std::as_bytes(std::span(text)));
}

Hash256 resume_hash(const Config& config) {
  std::string text = "crossilo course 1\n";
  for (const ConfigOption& option : config_options())
    if (option.fixes_course) text += option.name + " = " + option.write(config) + "\n";
  return sha256(std::as_bytes(std::span(text)));
}

std::string path_for_silo(std::string_view pattern, std::string_view silo) {
  constexpr std::string_view kPlace = "{silo}";
  std::string path;
  for (std::size_t at = pattern.find(kPlace); at != std::string_view::npos; at = pattern.find(kPlace)) {
    path.append(pattern.substr(0, at)).append(silo);
    pattern.remove_prefix(at + kPlace.size());
  }
  return path.append(pattern);
}

}  // namespace crossilo
