#include "config_layers.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "config_options.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/comm/site_list.hpp"
#include "ini.hpp"
#include "spelling.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
constexpr std::string_view kPrefix = "CROSSILO_";
constexpr const char* kNoFile = "no such file";
constexpr const char* kReady = "; a ready one: configs/heart.ini";

std::string_view key_of(std::string_view name) { return name.substr(name.find('.') + 1); }

std::string environment_name(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

/// "did you mean CROSSILO_TRAIN_MOMENTUM?"
std::string environment_suggestion(std::string_view name) {
  std::vector<std::string> names;
  for (const ConfigOption& option : config_options()) names.push_back(environment_name(option.name));
  for (const ReservedVariable& reserved : reserved_variables()) names.emplace_back(reserved.name);
  const std::string* const nearest = nearest_name(name.substr(kPrefix.size()), names, kPrefix.size());
  return nearest == nullptr ? "all names: docs/configuration.md" : fmt::format("did you mean {}?", *nearest);
}

/// Why a file is no configuration; nothing where `text` has become its content.
std::optional<std::string> read_text(const std::string& path, std::string& text) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return kNoFile;
  if (std::filesystem::is_directory(status)) return "this is a folder, a file is wanted";
  const auto too_large = [](std::uintmax_t bytes) {
    return fmt::format("{} bytes; a configuration has at most {} (1 MiB)", bytes, kConfigBytesMax);
  };
  if (std::filesystem::is_regular_file(status))
    if (const auto bytes = std::filesystem::file_size(path, error); !error && bytes > kConfigBytesMax)
      return too_large(bytes);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fmt::format("cannot be read: {}", std::strerror(errno));
  text.resize(kConfigBytesMax + 1);  // what is no regular file, such as a pipe, tells its size only by being read
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fmt::format("reading failed: {}", std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kConfigBytesMax) return "more than " + too_large(kConfigBytesMax);
  return std::nullopt;
}

}  // namespace

std::string nearest_key(std::string_view name) {
  // A right key in a wrong section is near, a slip in the full name is nearer.
  const ConfigOption* nearest = nullptr;
  std::size_t least = 2 * std::max<std::size_t>(2, key_of(name).size() / 3) + 1;
  for (const ConfigOption& option : config_options()) {
    const std::size_t distance =
        std::min(2 * edit_distance(name, option.name), 2 * edit_distance(key_of(name), key_of(option.name)) + 3);
    if (distance < least) least = distance, nearest = &option;
  }
  return nearest == nullptr ? "" : nearest->name;
}

std::string key_suggestion(std::string_view name) {
  for (const LaunchOption& option : launch_options())
    if (key_of(name) == option.name)
      return fmt::format("it belongs on the command line: --{}{}", option.name,
                         option.argument.empty() ? "" : " " + option.argument);
  const std::string nearest = nearest_key(name);
  return nearest.empty() ? "all keys: docs/configuration.md" : fmt::format("did you mean {}?", nearest);
}

SettingsLayer layer_of_text(std::string_view text, const std::string& file) {
  SettingsLayer layer{.source = file};
  const auto place = [&](int line) { return Place{line == 0 ? file : fmt::format("{}:{}", file, line), line}; };
  IniFile ini = scan_ini(text);
  for (IniEntry& entry : ini.entries)
    layer.settings.push_back({std::move(entry.name), std::move(entry.value), place(entry.line)});
  for (IniProblem& problem : ini.problems) layer.problems.push_back({place(problem.line), std::move(problem.text)});
  layer.is_readable = !ini.hides_settings;
  if (ini.entries.empty() && ini.problems.empty()) {
    layer.is_readable = false;
    layer.problems.push_back({place(0), std::string("empty: no setting stands in it") + kReady});
  }
  return layer;
}

SettingsLayer layer_of_file(const std::string& path) {
  std::string text;
  if (auto problem = read_text(path, text)) {
    if (*problem == kNoFile) *problem += kReady;
    return {.source = path, .is_readable = false, .settings = {}, .problems = {{{path, 0}, std::move(*problem)}}};
  }
  return layer_of_text(text, path);
}

SettingsLayer layer_of_own_file(const std::string& path, const std::string& origin) {
  std::string text;
  const std::optional<std::string> problem = path.empty() ? std::nullopt : read_text(path, text);
  SettingsLayer layer =
      path.empty() || problem ? SettingsLayer{.source = path.empty() ? origin : path} : layer_of_text(text, path);
  layer.is_own_file = true;
  if (!path.empty() && !problem) return layer;
  layer.is_readable = false;
  LayerProblem& one = layer.problems.emplace_back();
  one.place.text = layer.source;
  one.text = path.empty() ? "is empty; the silo's own file is wanted, or nothing" : *problem + " (from " + origin + ")";
  return layer;
}

SettingsLayer layer_of_environment(const NamedTexts& environment) {
  SettingsLayer layer{.source = "the environment"};
  for (const auto& [name, value] : environment) {
    if (name.substr(0, kPrefix.size()) != kPrefix) continue;
    const auto& options = config_options();
    const auto option = std::ranges::find(options, name, [](auto& o) { return environment_name(o.name); });
    const auto reserved = std::ranges::find(reserved_variables(), name, &ReservedVariable::name);
    if (name == kSiloVariable) {
      layer.settings.push_back({"run.silo", value, {name}});
    } else if (option != options.end()) {
      layer.settings.push_back({option->name, value, {name}});
    } else if (reserved == reserved_variables().end()) {
      std::string text = "an unknown environment variable; " + environment_suggestion(name);
      layer.problems.push_back({{name}, std::move(text)});
    }
  }
  return layer;
}

SettingsLayer layer_of_command_line(const NamedTexts& settings) {
  SettingsLayer layer{.source = "the command line"};
  for (const auto& [name, value] : settings) layer.settings.push_back({name, value, {"--" + name}});
  return layer;
}

std::span<const ReservedVariable> reserved_variables() {
  static constexpr std::array kReserved = {
      ReservedVariable{kSiloVariable, "short for CROSSILO_RUN_SILO: which silo this process is"},
      ReservedVariable{kSiteVariable, "the site of this process, with topology.sites_from = env"},
      ReservedVariable{kOwnConfigVariable, "the silo's own file, where --own_config names none"},
      ReservedVariable{"CROSSILO_COLUMNS", "width of the terminal, from crossilo train --np to its ranks"},
      ReservedVariable{"CROSSILO_SUPERVISED", "1: crossilo train --np tells how the ranks ended, so they do not"},
      ReservedVariable{"CROSSILO_START_NOTE", "the file in which the first rank tells slurm/lib.sh its run folder"},
      ReservedVariable{"CROSSILO_MPIRUN",
                       "the mpirun that crossilo train --np starts, instead of the one it was built with"},
      ReservedVariable{"CROSSILO_BIN", "the program that scripts in jobs/ and tests start"},
      ReservedVariable{"CROSSILO_BENCH_PYTHON", "the Python with torch that jobs/bench.sh compares with"},
      ReservedVariable{"CROSSILO_NEEDS_NVCC", "1: jobs/cuda.sh fails where there is no nvcc, instead of passing"},
      ReservedVariable{"CROSSILO_PYTHON", "the Python with h5py that tests compare with"},
      ReservedVariable{"CROSSILO_TORCH_ROOT", "libtorch, for the build (docs/install.md)"},
      ReservedVariable{"CROSSILO_WRITE_DOCS", "1: the tests of the settings write the generated pages anew"},
  };
  return kReserved;
}

NamedTexts crossilo_environment() {
  NamedTexts variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.substr(0, kPrefix.size()) == kPrefix && equals != std::string_view::npos)
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::ranges::sort(variables);
  return variables;
}

}  // namespace crossilo
