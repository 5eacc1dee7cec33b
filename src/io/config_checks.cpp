#include "config_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "config_options.hpp"

namespace crossilo {
namespace {

/// A key that does nothing unless another key has one of some values.
struct ReadOnlyWith {
  const char* key;
  const char* other;
  std::vector<std::string> values;
};

const std::vector<ReadOnlyWith>& keys_read_only_with() {
  static const std::vector<std::string> adam = {"adam", "adamw"};
  static const std::vector<std::string> adaptive = {"fedadam", "fedyogi", "fedadagrad"};
  static const std::vector<std::string> changing = {"cosine", "step"};
  static const std::vector<ReadOnlyWith> table = {
      {"model.hidden", "model.name", {"mlp", "cnn"}},
      {"model.channels", "model.name", {"cnn"}},
      {"train.momentum", "train.optimizer", {"sgd"}},
      {"train.adam_beta1", "train.optimizer", adam},
      {"train.adam_beta2", "train.optimizer", adam},
      {"train.adam_epsilon", "train.optimizer", adam},
      {"train.schedule_rounds", "train.schedule", changing},
      {"train.schedule_factor", "train.schedule", changing},
      {"algorithm.server_momentum", "algorithm.name", {"fedavgm"}},
      {"algorithm.beta1", "algorithm.name", adaptive},
      {"algorithm.beta2", "algorithm.name", {"fedadam", "fedyogi"}},
      {"algorithm.tau", "algorithm.name", adaptive},
      {"topology.hosts", "topology.sites_from", {"hosts"}},
      {"topology.file", "topology.sites_from", {"file"}},
  };
  return table;
}

class Checks {
 public:
  Checks(const Config& config, const SettingStates& states) : config_(config), states_(states) {}

  std::vector<CheckProblem> run() {
    places();
    model();
    without_effect();
    schedule();
    amount();
    cohort();
    sites();
    fewest_silos();
    return std::move(problems_);
  }

 private:
  [[nodiscard]] bool is_set(const std::string& key) const { return states_.set.count(key) != 0; }
  [[nodiscard]] bool are_sound(std::initializer_list<const char*> keys) const {
    return std::ranges::none_of(keys, [&](const char* key) { return states_.broken.count(key) != 0; });
  }
  void problem(std::string key, std::string text, std::string cause = {}) {
    problems_.push_back({std::move(key), std::move(text), std::move(cause)});
  }

  void places() {
    if (!config_.run.one_machine || config_.run.silos.size() < 2) return;
    for (const auto& [key, path] : {std::pair<std::string, std::string>{"data.path", config_.data.path},
                                    {"data.private_folder", config_.data.private_folder}})
      if (!path.empty() && path.find("{silo}") == std::string::npos)
        problem(key, fmt::format(" = \"{}\": {{silo}} must occur in it, since run.one_machine = true and all silos "
                                 "would share it",
                                 path));
  }

  void model() {
    if (is_set("model.name") && is_set("model.torchscript"))
      problem("model.torchscript", ": model.name is set too; keep one of them");
    if (is_set("model.torchscript_sha256") && !is_set("model.torchscript"))
      problem("model.torchscript_sha256", ": is read only with model.torchscript, which is not set");
  }

  void without_effect() {
    for (const auto& [key, other, values] : keys_read_only_with()) {
      if (!is_set(key) || !are_sound({other})) continue;
      const std::string found = find_option(other)->write(config_);
      if (std::ranges::find(values, found) != values.end()) continue;
      problem(key, fmt::format(": is read only with {} = {}; {}. Remove the key", other, fmt::join(values, " | "),
                               found.empty() ? "a TorchScript module has its own layers" : "that is " + found));
    }
  }

  void schedule() {
    const TrainConfig& train = config_.train;
    if (train.schedule == "constant" || !are_sound({"train.schedule_rounds", "train.schedule_factor"})) return;
    const bool is_step = train.schedule == "step";
    if (train.schedule_rounds == 0)
      problem("train.schedule_rounds",
              fmt::format(" = \"0\": with train.schedule = {} a whole number ≥ 1 is wanted: {}", train.schedule,
                          is_step ? "rounds between two steps" : "rounds until the end, often run.rounds"),
              "train.schedule");
    if (is_step && train.schedule_factor == 0.0)
      problem("train.schedule_factor", " = \"0\": with train.schedule = step a number > 0 and < 1 is wanted",
              "train.schedule");
  }

  void amount() {
    if (config_.train.local_steps > 0 && is_set("train.local_epochs"))
      problem("train.local_epochs", ": is not read where train.local_steps > 0; keep one of them");
  }

  void cohort() {
    if (!are_sound({"run.silos", "algorithm.silos_per_round", "privacy.masking", "privacy.allow_two_silos"})) return;
    const std::size_t silos = config_.run.silos.size();
    const std::size_t drawn = config_.algorithm.silos_per_round;
    if (silos == 2 && !config_.privacy.allow_two_silos)
      problem("privacy.allow_two_silos",
              " = \"false\": of two silos each can read the other's change from the sum; add a silo, or set it to true",
              "run.silos");
    const std::string key = "algorithm.silos_per_round";
    if (drawn > silos)
      problem(key, fmt::format(" = \"{}\": run.silos has {}", drawn, silos));
    else if (config_.privacy.masking && drawn == 1)
      problem(key,
              " = \"1\": the sum of one silo is its change, which all could read; 3 or more are wanted, or 0: all");
    else if (config_.privacy.masking && drawn == 2 && silos > 2 && !config_.privacy.allow_two_silos)
      problem(key,
              " = \"2\": of two silos each can read the other's change from the sum; 3 or more are wanted, or "
              "privacy.allow_two_silos = true");
  }

  void sites() {
    const std::string& from = config_.topology.sites_from;
    const std::string key = "topology." + from;
    if ((from == "hosts" || from == "file") && !is_set(key))
      problem(key,
              fmt::format(": missing; {} is wanted with topology.sites_from = {}", find_option(key)->allowed, from),
              "topology.sites_from");
  }

  void fewest_silos() {
    if (!are_sound({"run.silos", "run.min_silos", "privacy.allow_two_silos"})) return;
    const std::size_t silos = config_.run.silos.size();
    const std::uint32_t fewest = config_.run.min_silos;
    const bool is_too_few = fewest == 1 || (fewest == 2 && !config_.privacy.allow_two_silos);
    if (fewest > silos)
      problem("run.min_silos", fmt::format(" = \"{}\": run.silos has {}", fewest, silos));
    else if (is_too_few)
      problem("run.min_silos",
              fmt::format(" = \"{}\": of so few silos one can read another's change from the sum; 3 or more are wanted "
                          "(2 with privacy.allow_two_silos = true), or 0: all",
                          fewest));
  }

  const Config& config_;
  const SettingStates& states_;
  std::vector<CheckProblem> problems_;
};

}  // namespace

std::vector<std::string> settings_without_effect(const Config& config) {
  std::vector<std::string> keys;
  for (const auto& [key, other, values] : keys_read_only_with())
    if (std::ranges::find(values, find_option(other)->write(config)) == values.end()) keys.emplace_back(key);
  if (config.train.local_steps > 0) keys.emplace_back("train.local_epochs");
  return keys;
}

std::vector<CheckProblem> check_pairs(const Config& config, const SettingStates& states) {
  return Checks(config, states).run();
}

}  // namespace crossilo
