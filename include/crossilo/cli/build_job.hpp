// Aim: from a configuration to the parts of a run. The only place that knows strategies by their names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/io/config.hpp"
#include "crossilo/model/model.hpp"
#include "crossilo/round/baseline.hpp"
#include "crossilo/round/federation.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace crossilo {

/// Checks on one machine, before anything starts, that every silo's file is there, whole and right, and that all
/// schemas are equal. Reads all rows.
/// Returns the schema that they share. Throws: DataError that names silo, file, found and expected.
SiloSchema check_silo_files(const Config& config);
/// Returns only if model, stop.metric and train.class_weights fit the task of the silo files. Throws: ConfigError.
void check_task(const Config& config, const SiloSchema& schema);
/// Returns only if the TorchScript file, where one is set, is there and as it must be. Throws: ConfigError.
void check_model_file(const ModelConfig& model);

/// This rank's part of a federation: its silos, its model, and what a run needs.
class Job {
 public:
  /// Reads the files of the silos that this rank hosts. `device`: torch's name of what its model computes on; empty:
  /// the processor. `do_long`: does what it is given, which may take long. Throws: DataError, ConfigError,
  /// StorageError, EnvironmentError.
  Job(
      const Config& config, std::vector<SiloId> hosted, const std::string& device = "",
      const std::function<void(const std::function<void()>&)>& do_long = [](const auto& work) { work(); });

  /// The run's setup; the job outlives it.
  [[nodiscard]] FederationSetup setup();
  [[nodiscard]] Model& model() noexcept { return *model_; }
  [[nodiscard]] const SiloSchema& schema() const noexcept { return datasets_.front()->schema(); }
  /// The rows of the `index`-th hosted silo; scaled once the run has begun.
  [[nodiscard]] const Dataset& dataset(std::size_t index) const { return *datasets_.at(index); }
  [[nodiscard]] const std::vector<SiloId>& hosted() const noexcept { return hosted_; }

  /// These silos' rows, for the comparison: reads their files. Throws: DataError.
  [[nodiscard]] OpenSilos open_silos(const std::vector<SiloId>& ids) const;
  /// How the baselines train: the same settings, one silo, nobody to mask from.
  [[nodiscard]] TrainAlone train_alone();

 private:
  [[nodiscard]] Dataset read_dataset(SiloId silo) const;
  [[nodiscard]] LocalSilo make_silo(SiloId silo, std::shared_ptr<const Dataset> dataset, PrivateRoot root,
                                    std::optional<std::size_t> local_steps = {});
  [[nodiscard]] std::size_t steps_alone(SiloId number) const;
  [[nodiscard]] PrivateRoot own_root(SiloId silo) const;
  [[nodiscard]] FederationSetup common_setup();

  Config config_;
  PublicRoot root_;
  std::vector<SiloId> hosted_;
  std::vector<std::shared_ptr<Dataset>> datasets_;
  std::unique_ptr<Model> model_;
  std::vector<LocalSilo> silos_;
};

}  // namespace crossilo
