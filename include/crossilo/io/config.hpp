// Aim: all settings of a run in one validated struct. Every key: docs/configuration.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crossilo/base/types.hpp"

namespace crossilo {

/// How much a silo counts in the mean: by its training rows, or each alike.
enum class WeightRule : std::uint8_t { rows, equal };

struct RunConfig {
  std::string name;
  std::vector<std::string> silos;  // the roster: index = SiloId
  std::uint32_t rounds = 0;
  std::uint64_t seed = 1;
  bool one_machine = false;
  WeightRule weights = WeightRule::rows;
  double peer_seconds_max = 60.0;
};

struct DataConfig {
  std::string path;  // may hold {silo}
  std::string private_folder = "private/{silo}";
};

struct ModelConfig {
  std::string name;
};

struct TrainConfig {
  std::string optimizer = "sgd";
  double learning_rate = 0.0;
  double momentum = 0.0;
  std::uint32_t batch_size = 0;
  std::uint32_t local_epochs = 1;
};

struct AlgorithmConfig {
  std::string name = "fedavg";
  double server_learning_rate = 1.0;
};

struct PrivacyConfig {
  bool masking = true;
  double clip_norm = 0.0;  // 0: no bound
  unsigned lane_bits = 32;
  bool allow_two_silos = false;
};

/// Each field is named like its key: train.learning_rate is `learning_rate` in section [train].
struct Config {
  RunConfig run;
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  AlgorithmConfig algorithm;
  PrivacyConfig privacy;
};

/// Reads and checks a configuration file.
/// Throws: ConfigError with one line for each mistake of the file, `file:line: section.key = "found": what is allowed`.
[[nodiscard]] Config load_config(const std::string& path);
/// The same for a text; `file` only names it in messages.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file);

/// Every setting as `section.key = value`, one a line, in a fixed order: equal settings give equal text.
[[nodiscard]] std::string canonical_text(const Config& config);
/// SHA-256 over the canonical text of what must be equal on all silos (all but the silo's own paths).
[[nodiscard]] Hash256 shared_hash(const Config& config);

/// A path of the configuration with {silo} replaced.
[[nodiscard]] std::string path_for_silo(std::string_view pattern, std::string_view silo);

/// The text of docs/configuration.md, made from the table that the parser uses.
[[nodiscard]] std::string configuration_reference();

}  // namespace crossilo
