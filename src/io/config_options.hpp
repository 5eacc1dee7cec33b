// Aim: the one table of all settings; parser, canonical text, documentation and command line are made from it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crossilo/io/config.hpp"

namespace crossilo {

enum class Need : std::uint8_t { optional, required, or_torchscript };
/// Settings of all silos must be equal everywhere; those of a silo are its own affair.
enum class Belongs : std::uint8_t { to_all, to_silo };

struct ConfigOption {
  std::string name;     // "train.momentum"
  std::string allowed;  // "a number ≥ 0 and < 1": completes "… is wanted"
  std::string meaning;  // one sentence for a newcomer
  std::string example;  // for the reference file, where there is no default
  Need need = Need::optional;
  Belongs belongs = Belongs::to_all;
  bool fixes_course = true;                               // inside the hash that a resumed run must share
  std::function<bool(Config&, const std::string&)> read;  // false: not allowed, nothing changed
  std::function<std::string(const Config&)> write;
  std::function<std::string(const std::string&)> fault{};  // why a text is not allowed, where there is more to say
};

/// All options, section by section.
[[nodiscard]] const std::vector<ConfigOption>& config_options();
/// The option of that name; null when there is none.
[[nodiscard]] const ConfigOption* find_option(std::string_view name);

// The parts of the table.
void add_run_options(std::vector<ConfigOption>& options);         // [run], [data]
void add_training_options(std::vector<ConfigOption>& options);    // [model], [train]
void add_federation_options(std::vector<ConfigOption>& options);  // [algorithm], [stop], [privacy], [topology]

/// What is wanted where the option is missing: "logreg | mlp, or model.torchscript".
[[nodiscard]] std::string wanted(const ConfigOption& option);

}  // namespace crossilo
