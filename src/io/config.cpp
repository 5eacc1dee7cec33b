#include "crossilo/io/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "config_checks.hpp"
#include "config_layers.hpp"
#include "config_options.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

/// Settles what the layers say, later ones over earlier ones, and gathers every mistake.
class Settler {
  static constexpr std::size_t kShownMax = 100;  // a file that is no configuration at all shall not flood the terminal

 public:
  explicit Settler(std::vector<SettingsLayer> layers) : layers_(std::move(layers)) {}

  LoadedConfig run() {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) read(layer);
    if (std::ranges::all_of(layers_, &SettingsLayer::is_readable)) check_required();
    for (CheckProblem& problem : check_pairs(config_, states_)) {
      auto origin = origins_.find(problem.key);
      if (origin == origins_.end()) origin = origins_.find(problem.cause);
      const Origin place = origin == origins_.end() ? Origin{0, {layers_.front().source}} : origin->second;
      add(place, problem.key + problem.text);
    }
    if (!problems_.empty()) refuse();
    LoadedConfig loaded{.config = std::move(config_), .origins = {}};
    for (const ConfigOption& option : config_options()) {
      const auto origin = origins_.find(option.name);
      loaded.origins[option.name] = origin == origins_.end() ? "default" : origin->second.place.text;
    }
    return loaded;
  }

 private:
  struct Origin {
    std::size_t layer = 0;
    Place place;
  };
  struct Problem {
    Origin origin;
    std::string text;
  };

  void add(Origin origin, std::string text) {
    problems_.emplace_back();
    problems_.back().origin = std::move(origin);
    problems_.back().text = std::move(text);
  }

  void read(std::size_t index) {
    for (LayerProblem& problem : layers_[index].problems)
      add({index, std::move(problem.place)}, std::move(problem.text));
    std::map<std::string, Place> first;  // of each key in this layer
    for (const Setting& setting : layers_[index].settings) {
      const auto refuse_it = [&](std::string text) { add({index, setting.place}, std::move(text)); };
      const ConfigOption* const option = find_option(setting.name);
      const auto [before, is_new] = first.emplace(setting.name, setting.place);
      if (option == nullptr && problems_.size() >= kShownMax) {
        refuse_it(shown(setting.name) + ": no such key");  // hardly shown, and looking for near ones takes its time
      } else if (option == nullptr) {
        slips_.insert(nearest_key(setting.name));
        refuse_it(fmt::format("{}: no such key; {}", shown(setting.name), key_suggestion(setting.name)));
      } else if (layers_[index].is_own_file && option->belongs == Belongs::to_all) {
        refuse_it(setting.name + ": belongs to the configuration that all silos share" + own_keys());
      } else if (!is_new) {
        refuse_it(fmt::format(
            "{}: set before, {}; keep one", setting.name,
            before->second.line > 0 ? fmt::format("in line {}", before->second.line) : "as " + before->second.text));
      } else {
        take(*option, setting, index);
      }
    }
  }

  void take(const ConfigOption& option, const Setting& setting, std::size_t index) {
    const Origin origin{index, setting.place};
    origins_[option.name] = origin;
    states_.set.insert(option.name);
    if (option.read(config_, setting.value)) {
      states_.broken.erase(option.name);
      return;
    }
    states_.broken.insert(option.name);
    const std::string fault = option.fault ? option.fault(setting.value) + "; " : "";
    add(origin, fmt::format("{} = \"{}\": {}{} is wanted", option.name, shown(setting.value), fault, option.allowed));
  }

  static std::string own_keys() {
    std::vector<std::string> keys;
    for (const ConfigOption& option : config_options())
      if (option.belongs == Belongs::to_silo) keys.push_back(option.name);
    return fmt::format("; a silo's own file may hold {}", fmt::join(keys, ", "));
  }

  void check_required() {
    for (const ConfigOption& option : config_options()) {
      if (option.need == Need::optional || states_.set.count(option.name) != 0) continue;
      if (option.need == Need::or_torchscript && states_.set.count("model.torchscript") != 0) continue;
      states_.broken.insert(option.name);
      if (slips_.contains(option.name)) continue;  // said already: somebody meant it
      const bool lacks_own_file =
          option.belongs == Belongs::to_silo && std::ranges::none_of(layers_, &SettingsLayer::is_own_file);
      add({0, {layers_.front().source}},
          fmt::format("{}: missing; {} is wanted{}", option.name, wanted(option),
                      lacks_own_file ? "; where it stands in the silo's own file: --own_config FILE" : ""));
    }
  }

  [[noreturn]] void refuse() {
    const auto order = [](const Problem& problem) {  // line 0 comes last
      return std::pair(problem.origin.layer, static_cast<unsigned>(problem.origin.place.line - 1));
    };
    std::ranges::stable_sort(problems_, {}, order);
    std::string text;
    for (const Problem& problem : std::span(problems_).first(std::min(kShownMax, problems_.size())))
      text += fmt::format("{}: {}\n", problem.origin.place.text, problem.text);
    if (problems_.size() > kShownMax) text += fmt::format("… and {} more\n", problems_.size() - kShownMax);
    std::vector<std::string> sources;
    for (std::size_t layer = 0; layer < layers_.size(); ++layer)
      if (std::ranges::any_of(problems_, [&](auto& problem) { return problem.origin.layer == layer; }))
        sources.push_back(layers_[layer].source);
    throw ConfigError(text + fmt::format("{} error{} in {}, nothing was started", problems_.size(),
                                         problems_.size() == 1 ? "" : "s", fmt::join(sources, " and ")));
  }

  std::vector<SettingsLayer> layers_;
  Config config_;
  std::map<std::string, Origin> origins_;
  SettingStates states_;
  std::set<std::string> slips_;  // keys that unknown ones were probably meant to be
  std::vector<Problem> problems_;
};

}  // namespace

LoadedConfig load_config(const ConfigRequest& request) {
  std::optional<std::string> own_path = request.own_path;
  std::string origin = "--own_config";
  for (const auto& [name, value] : request.environment)
    if (!own_path && name == kOwnConfigVariable) own_path = value, origin = name;
  std::vector<SettingsLayer> layers{layer_of_file(request.path)};
  if (own_path) layers.push_back(layer_of_own_file(*own_path, origin));
  layers.push_back(layer_of_environment(request.environment));
  layers.push_back(layer_of_command_line(request.command_line));
  return Settler(std::move(layers)).run();
}

Config load_config(const std::string& path) { return load_config(ConfigRequest{.path = path}).config; }

Config parse_config(std::string_view text, const std::string& file) {
  return Settler({layer_of_text(text, file)}).run().config;
}

std::string canonical_text(const Config& config) {
  std::string text;
  for (const auto& [name, value] : all_settings(config)) text += name + " = " + value + "\n";
  return text;
}

NamedTexts all_settings(const Config& config) {
  NamedTexts settings;
  for (const ConfigOption& option : config_options()) settings.emplace_back(option.name, option.write(config));
  return settings;
}

NamedTexts shared_settings(const Config& config) {
  NamedTexts settings;
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

std::vector<SettingHelp> setting_helps() {
  std::vector<SettingHelp> helps;
  for (const ConfigOption& option : config_options()) helps.push_back({option.name, option.allowed, option.meaning});
  return helps;
}

std::string setting_suggestion(std::string_view name) { return key_suggestion(name); }

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
