#include "crossilo/cli/build_job.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <utility>

#include "../model/torchscript_file.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_spec.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "crossilo/data/silo_file.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/silo_secret.hpp"

namespace crossilo {
namespace {

/// A silo's public weight. Rows are rounded up to tens: the weight is known to all, the exact count is not.
std::uint64_t weight_of(const Config& config, const Dataset& dataset) {
  return config.run.weights == WeightRule::equal ? 1 : (dataset.fit().rows + 9) / 10 * 10;
}

std::unique_ptr<ServerOptimizer> make_server_optimizer(const Config& config, std::size_t weights) {
  const AlgorithmConfig& algorithm = config.algorithm;
  const double rate = algorithm.server_learning_rate;
  if (algorithm.name == "fedavg") return std::make_unique<FedAvg>(rate);
  if (algorithm.name == "fedavgm")
    return std::make_unique<FedAvgM>(
        FedAvgM::Options{.server_learning_rate = rate, .momentum = algorithm.server_momentum}, weights);
  const std::map<std::string, SecondMoment> adaptive = {
      {"fedadagrad", SecondMoment::adagrad}, {"fedadam", SecondMoment::adam}, {"fedyogi", SecondMoment::yogi}};
  const auto found = adaptive.find(algorithm.name);
  if (found == adaptive.end())
    throw ConfigError("algorithm.name = " + algorithm.name +
                      ": fedavg | fedavgm | fedadagrad | fedadam | fedyogi is wanted");
  return std::make_unique<FedOpt>(FedOpt::Options{.second_moment = found->second,
                                                  .server_learning_rate = rate,
                                                  .beta1 = algorithm.beta1,
                                                  .beta2 = algorithm.beta2,
                                                  .tau = algorithm.tau},
                                  weights);
}

StopRule::Options stop_options(const Config& config, Task task) {
  const std::map<std::string, StopMetric> metrics = {
      {"loss", StopMetric::loss}, {"accuracy", StopMetric::accuracy}, {"auc", StopMetric::auc}};
  const std::string& name = config.stop.metric;
  const auto found = metrics.find(name);
  if (found == metrics.end()) throw ConfigError("stop.metric = " + name + ": loss | accuracy | auc is wanted");
  const bool fits = name == "loss" || task == Task::binary || (name == "accuracy" && task == Task::multiclass);
  if (!fits)
    throw ConfigError(fmt::format("stop.metric = {}: the silo files' task is {}, which has none; {} is wanted", name,
                                  to_string(task), task == Task::multiclass ? "loss or accuracy" : "loss"));
  return {.metric = found->second,
          .patience_rounds = config.stop.patience_rounds,
          .improvement_min = config.stop.improvement_min};
}

LocalOptimizer local_optimizer_named(const std::string& name) {
  if (name == "sgd") return LocalOptimizer::sgd;
  if (name == "adam") return LocalOptimizer::adam;
  if (name == "adamw") return LocalOptimizer::adamw;
  throw ConfigError("train.optimizer = " + name + ": sgd, adam and adamw are known");
}

Schedule schedule_named(const std::string& name) {
  if (name == "constant") return Schedule::constant;
  if (name == "cosine") return Schedule::cosine;
  if (name == "step") return Schedule::step;
  throw ConfigError("train.schedule = " + name + ": constant, cosine and step are known");
}

TrainOptions train_options(const Config& config, Task task) {
  const TrainConfig& train = config.train;
  const bool balances_classes = train.class_weights == "balanced";
  if (balances_classes && task == Task::regression)
    throw ConfigError(
        "train.class_weights = balanced: the data's target is a number and has no classes; set it to none");
  return {.optimizer = local_optimizer_named(train.optimizer),
          .learning_rate = train.learning_rate,
          .momentum = train.momentum,
          .adam_beta1 = train.adam_beta1,
          .adam_beta2 = train.adam_beta2,
          .adam_epsilon = train.adam_epsilon,
          .weight_decay = train.weight_decay,
          .gradient_clip_norm = train.gradient_clip_norm,
          .proximal_mu = config.algorithm.proximal_mu,
          .batch_size = train.batch_size,
          .local_epochs = train.local_epochs,
          .local_steps = train.local_steps,
          .schedule = schedule_named(train.schedule),
          .schedule_rounds = train.schedule_rounds,
          .schedule_factor = train.schedule_factor,
          .balances_classes = balances_classes};
}

/// Masks between ranks; with one rank there is nobody to hide from, and the record says "none".
std::unique_ptr<Mask> make_mask(const Config& config, SiloId own, const Roster& roster, const X25519& key) {
  const std::size_t ranks = roster.identities.size();
  if (!config.privacy.masking || ranks == 1) return std::make_unique<NoMask>();
  return std::make_unique<PairwiseMask>(own, agree_pair_keys(key, own, roster.identities, roster.epoch), roster.epoch);
}

class NoObserver final : public RunObserver {
 public:
  void on_start(const RunStart&) override {}
  void on_round(const RoundRecord&) override {}
};

}  // namespace

void check_task(const Config& config, const SiloSchema& schema) {
  (void)make_model_spec(config.model, schema);
  (void)stop_options(config, schema.task);
  (void)train_options(config, schema.task);
}

void check_model_file(const ModelConfig& model) {
  if (!model.torchscript.empty()) (void)read_torchscript_file(model.torchscript, model.torchscript_sha256);
}

SiloSchema check_silo_files(const Config& config) {
  SiloSchema expected;
  std::string expected_silo;
  for (const std::string& silo : config.run.silos) {
    const std::string path = path_for_silo(config.data.path, silo);
    SiloSchema schema;
    try {
      schema = read_silo_file(path).schema;  // whole: a damaged row is found here, before anything starts
    } catch (const DataError& error) {
      throw DataError("silo " + silo + ": " + error.what() + "; nothing was started");
    }
    if (expected_silo.empty()) {
      expected = std::move(schema);
      expected_silo = silo;
    } else if (const std::string difference = schema_difference(schema, expected); !difference.empty()) {
      throw DataError(fmt::format("silo {}: {}: {} (compared with silo {}); nothing was started", silo, path,
                                  difference, expected_silo));
    }
  }
  return expected;
}

Job::Job(const Config& config, std::vector<SiloId> hosted, const std::string& device,
         const std::function<void(const std::function<void()>&)>& do_long)
    : config_(config), root_(public_root(config.run.seed)), hosted_(std::move(hosted)) {
  do_long([this] {
    for (SiloId silo : hosted_) datasets_.push_back(std::make_shared<Dataset>(read_dataset(silo)));
  });
  model_ = std::make_unique<Model>(make_model(make_model_spec(config.model, schema())));
  if (!device.empty()) model_->compute_on(device);
  silos_.reserve(hosted_.size());
  for (std::size_t i = 0; i < hosted_.size(); ++i)
    silos_.push_back(make_silo(hosted_[i], datasets_[i], own_root(hosted_[i])));
}

Dataset Job::read_dataset(SiloId silo) const {
  const std::string& name = config_.run.silos.at(silo.value);
  try {
    return Dataset(read_silo_file(path_for_silo(config_.data.path, name)), root_, silo);
  } catch (const DataError& error) {
    throw DataError("silo " + name + ": " + error.what());
  }
}

PrivateRoot Job::own_root(SiloId silo) const {
  const std::string& name = config_.run.silos.at(silo.value);
  return private_root(read_or_create_secret(path_for_silo(config_.data.private_folder, name)), config_.run.seed);
}

/// Pooled, one silo stands for all that train in a round, and takes as many steps as they together.
std::size_t Job::steps_alone(SiloId number) const {
  const std::size_t silos = config_.run.silos.size();
  if (number.value < silos) return config_.train.local_steps;
  const std::size_t sampled = config_.algorithm.silos_per_round;
  return config_.train.local_steps * (sampled > 0 ? sampled : silos);
}

LocalSilo Job::make_silo(SiloId silo, std::shared_ptr<const Dataset> dataset, PrivateRoot root,
                         std::optional<std::size_t> local_steps) {
  TrainOptions train = train_options(config_, schema().task);
  train.local_steps = local_steps.value_or(train.local_steps);
  return LocalSilo({.id = silo,
                    .name = config_.run.silos.at(silo.value),
                    .data = std::move(dataset),
                    .train = train,
                    .root = std::move(root)},
                   *model_);
}

FederationSetup Job::common_setup() {
  FederationSetup setup;
  setup.facts.config_hash = shared_hash(config_);
  setup.facts.shared_settings = shared_settings(config_);
  setup.facts.schema = schema();
  setup.facts.model_schema_hash = model_->schema_hash();
  model_->initialise(root_);
  setup.initial = model_->parameters();
  setup.rounds = config_.run.rounds;
  setup.parameters = model_->layout();
  setup.root = root_;
  setup.silos_per_round = config_.algorithm.silos_per_round;
  setup.evaluate_every_rounds = config_.run.evaluate_every_rounds;
  setup.checkpoint_every_rounds = config_.run.checkpoint_every_rounds;
  setup.stop = stop_options(config_, schema().task);
  setup.clip = Clip(config_.privacy.clip_norm, setup.parameters.weights);
  setup.lane_bits = config_.privacy.lane_bits;
  setup.noise = std::make_unique<NoNoise>();
  setup.server_optimizer = make_server_optimizer(config_, setup.parameters.weights);
  setup.session.peer_seconds_max = config_.run.peer_seconds_max;
  return setup;
}

FederationSetup Job::setup() {
  FederationSetup setup = common_setup();
  setup.facts.silo_names = config_.run.silos;
  for (std::size_t i = 0; i < hosted_.size(); ++i) {
    setup.facts.hosted.push_back({.id = hosted_[i], .weight = weight_of(config_, *datasets_[i])});
    setup.silos.push_back(&silos_[i]);
    setup.datasets.push_back(datasets_[i].get());
  }
  setup.make_mask = [this](const Roster& roster, const X25519& key) {
    return make_mask(config_, hosted_.front(), roster, key);
  };
  return setup;
}

OpenSilos Job::open_silos(const std::vector<SiloId>& ids) const {
  OpenSilos open{
      .ids = ids, .names = {}, .datasets = {}, .pooled = {static_cast<std::uint32_t>(config_.run.silos.size())}};
  for (const SiloId silo : ids) {
    open.names.push_back(config_.run.silos.at(silo.value));
    open.datasets.push_back(read_dataset(silo));
  }
  return open;
}

TrainAlone Job::train_alone() {
  return [this](std::shared_ptr<Dataset> dataset, SiloId number) {
    // Of no silo's secret: whichever rank compares, and with whichever secrets, the baselines are the same.
    PrivateRoot root{derive(root_, PublicPurpose::baseline, {.silo = number})};
    LocalSilo silo = make_silo(SiloId{0}, dataset, std::move(root), steps_alone(number));
    FederationSetup setup = common_setup();
    setup.stop = StopRule::for_few_rows(setup.stop, static_cast<double>(dataset->held_back().rows));
    if (dataset->held_back().rows == 0) setup.stop.patience_rounds = 0;
    setup.facts.silo_names = {"alone"};
    setup.facts.hosted = {{.id = SiloId{0}, .weight = 1}};
    setup.silos = {&silo};
    setup.datasets = {dataset.get()};
    setup.make_mask = [](const Roster&, const X25519&) { return std::make_unique<NoMask>(); };
    const std::unique_ptr<Communicator> alone = make_solo_communicator();
    NoObserver observer;
    return train_federation(
        *alone, std::move(setup), [] { return false; }, observer);
  };
}

}  // namespace crossilo
