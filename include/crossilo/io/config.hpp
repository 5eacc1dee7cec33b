// Aim: all settings of a run in one validated struct. Every key: docs/configuration.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  std::uint32_t min_silos = 0;                             // a start may go on with so many; 0: all
  std::uint32_t relaunches_max = 3;                        // by --np, in a row; 0: none
  std::uint32_t threads = 1;                               // of each rank, for training and evaluation
  std::uint32_t evaluate_every_rounds = 1;                 // the last model is evaluated anyway
  std::uint32_t checkpoint_every_rounds = 10;              // the last one is kept anyway
  std::vector<std::string> baselines = {"own", "pooled"};  // compared with at the end; where one_machine
  std::string device = "auto";                             // own: what trains: auto | cpu | cuda
  std::string silo;                                        // own: which silo this process is; empty: by rank
};

struct DataConfig {
  std::string path;  // may hold {silo}
  std::string private_folder = "private/{silo}";
};

struct ModelConfig {
  std::string name;                                // empty with torchscript
  std::string torchscript;                         // own: path of a scripted module; empty: a model of the zoo
  std::string torchscript_sha256;                  // its SHA-256 in hex; empty: only compared between silos
  std::vector<std::uint32_t> hidden = {64};        // widths of mlp's and cnn's fully connected hidden layers
  std::vector<std::uint32_t> channels = {16, 32};  // of cnn's convolutions
};

struct TrainConfig {
  std::string optimizer = "sgd";  // sgd | adam | adamw
  double learning_rate = 0.0;
  double momentum = 0.0;       // sgd
  double adam_beta1 = 0.9;     // adam, adamw
  double adam_beta2 = 0.999;   // adam, adamw
  double adam_epsilon = 1e-8;  // adam, adamw
  double weight_decay = 0.0;
  double gradient_clip_norm = 0.0;  // 0: no bound
  std::uint32_t batch_size = 0;
  std::uint32_t local_epochs = 1;
  std::uint32_t local_steps = 0;       // steps in a round instead of epochs; 0: epochs
  std::string schedule = "constant";   // of the learning rate over rounds: constant | cosine | step
  std::uint32_t schedule_rounds = 0;   // cosine: until its end; step: between two steps
  double schedule_factor = 0.0;        // cosine: share of the learning rate at its end; step: factor of a step
  std::string class_weights = "none";  // none | balanced
};

struct AlgorithmConfig {
  std::string name = "fedavg";  // fedavg | fedavgm | fedadam | fedyogi | fedadagrad
  double server_learning_rate = 1.0;
  double server_momentum = 0.9;       // fedavgm
  double beta1 = 0.9;                 // fedadam, fedyogi, fedadagrad
  double beta2 = 0.99;                // fedadam, fedyogi
  double tau = 1e-3;                  // fedadam, fedyogi, fedadagrad
  double proximal_mu = 0.0;           // FedProx; 0: off
  std::uint32_t silos_per_round = 0;  // a sample by the public seed; 0: all
};

struct StopConfig {
  std::string metric = "loss";        // loss | accuracy | auc, on the held-back rows; chooses the best round
  std::uint32_t patience_rounds = 0;  // rounds without a better one before the run stops; 0: never
  double improvement_min = 0.0;       // what counts as better
};

struct PrivacyConfig {
  bool masking = true;
  double clip_norm = 0.0;  // 0: no bound
  unsigned lane_bits = 32;
  bool allow_two_silos = false;
};

struct TopologyConfig {
  std::string sites_from = "one";  // one | hosts | het | env | file
  std::string hosts;               // hosts: "north: n[1-4]; south: s1"
  std::string file;                // own: file: its path
  std::string sum_on = "auto";     // auto | nccl | memory
};

/// Each field is named like its key: train.learning_rate is `learning_rate` in section [train].
struct Config {
  RunConfig run;
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  AlgorithmConfig algorithm;
  StopConfig stop;
  PrivacyConfig privacy;
  TopologyConfig topology;
};

/// Names and texts, in order.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// From where settings are taken. The command line is stronger than the environment, that than the silo's own file,
/// that than the shared file, that than the defaults.
struct ConfigRequest {
  std::string path;                       // the file that all silos share
  std::optional<std::string> own_path{};  // the silo's own file; none: CROSSILO_OWN_CONFIG of the environment, or none
  NamedTexts command_line{};              // "train.momentum" and value
  NamedTexts environment{};  // "CROSSILO_TRAIN_MOMENTUM" and value; names without the prefix are passed over
};

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string> origins;  // of each key: "a.ini:14", "CROSSILO_…", "--train.momentum", "default"
};

/// The settings as an INI file with the same hashes; keys that nothing reads are left out.
[[nodiscard]] std::string config_text(const Config& config);

/// Reads and checks all layers.
/// Throws: ConfigError with one line for each mistake of all layers, `place: section.key = "found": what is allowed`.
[[nodiscard]] LoadedConfig load_config(const ConfigRequest& request);
/// One file alone, whatever the environment says. Throws: as above.
[[nodiscard]] Config load_config(const std::string& path);
/// The same for a text; `file` only names it in messages.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file);

/// The variables of this process's environment that start with CROSSILO_, sorted.
[[nodiscard]] NamedTexts crossilo_environment();

inline constexpr std::string_view kSiloVariable = "CROSSILO_SILO";
inline constexpr std::string_view kOwnConfigVariable = "CROSSILO_OWN_CONFIG";
/// A variable CROSSILO_… that is no key. Any other one that is no key either is an error.
struct ReservedVariable {
  std::string_view name;
  std::string_view meaning;
};
[[nodiscard]] std::span<const ReservedVariable> reserved_variables();

/// An option of one start: it stands on the command line of `crossilo train`, never in a file.
struct LaunchOption {
  std::string name;      // "np"
  std::string argument;  // "N"; empty: a switch
  std::string default_value;
  std::string meaning;
};
/// All of them; `crossilo train` knows these and no others.
[[nodiscard]] std::span<const LaunchOption> launch_options();

/// What a command line says of a key.
struct SettingHelp {
  std::string name;
  std::string allowed;
  std::string meaning;
};
[[nodiscard]] std::vector<SettingHelp> setting_helps();
/// "did you mean train.learning_rate?", or where to look.
[[nodiscard]] std::string setting_suggestion(std::string_view name);

/// Every setting as `section.key = value`, one a line, in a fixed order: equal settings give equal text.
[[nodiscard]] std::string canonical_text(const Config& config);
/// Key and canonical value of every setting, in a fixed order.
[[nodiscard]] NamedTexts all_settings(const Config& config);
/// Keys that other settings make idle, such as train.adam_beta1 with sgd.
[[nodiscard]] std::vector<std::string> settings_without_effect(const Config& config);
/// Key and canonical value of each setting that must be equal on all silos (all but a silo's own), in a fixed order.
[[nodiscard]] NamedTexts shared_settings(const Config& config);
/// SHA-256 over the canonical text of the shared settings.
[[nodiscard]] Hash256 shared_hash(const Config& config);
/// SHA-256 over the settings that fix a run's course. How long it runs, when it stops and what is shown are outside, so
/// that a run can be made longer.
[[nodiscard]] Hash256 resume_hash(const Config& config);

/// A path of the configuration with {silo} replaced.
[[nodiscard]] std::string path_for_silo(std::string_view pattern, std::string_view silo);

/// The text of docs/configuration.md, made from the table that the parser uses.
[[nodiscard]] std::string configuration_reference();
/// The text of configs/full_reference.ini: every key with its meaning, what is allowed and its default.
[[nodiscard]] std::string reference_configuration();

}  // namespace crossilo
