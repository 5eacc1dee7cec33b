// Aim: a silo whose rows lie in this rank's memory: trains and evaluates on them with the rank's model.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "crossilo/base/random.hpp"
#include "crossilo/model/model.hpp"
#include "crossilo/silo/dataset.hpp"
#include "crossilo/silo/evaluator.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

enum class LocalOptimizer : std::uint8_t { sgd, adam, adamw };
/// How the learning rate changes from round to round.
enum class Schedule : std::uint8_t { constant, cosine, step };

/// How a silo trains in one round. Settings of other optimizers are not read.
struct TrainOptions {
  LocalOptimizer optimizer = LocalOptimizer::sgd;
  double learning_rate = 0.1;
  double momentum = 0.9;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double weight_decay = 0.0;        // added to the gradient (sgd, adam), or decoupled (adamw)
  double gradient_clip_norm = 0.0;  // of each step's gradient; 0: no bound
  double proximal_mu = 0.0;         // FedProx: gradient of mu/2 |y - x|^2; 0: off
  std::size_t batch_size = 16;
  std::size_t local_epochs = 1;
  std::size_t local_steps = 0;  // steps in a round instead of epochs; 0: epochs
  Schedule schedule = Schedule::constant;
  std::uint32_t schedule_rounds = 0;
  double schedule_factor = 0.0;
  bool balances_classes = false;  // a row counts rows / (classes x rows of its class), by the federation's counts
};

/// Outputs of a model for the task: one for each class, otherwise one.
[[nodiscard]] std::size_t outputs_of(const SiloSchema& schema);

/// What makes a silo, beside the model it borrows.
struct LocalSiloParts {
  SiloId id{};
  std::string name;
  std::shared_ptr<const Dataset> data;  // scaled before the first round
  TrainOptions train;
  PrivateRoot root;
};

/// A silo in memory. Binary and regression models have one output, multiclass ones an output for each class.
class LocalSilo final : public Silo {
 public:
  /// `model` is the rank's: all its silos share it, one after another, so each call writes the parameters first.
  /// Alive until: the model outlives the silo.
  LocalSilo(LocalSiloParts parts, Model& model);

  [[nodiscard]] SiloId id() const noexcept override { return parts_.id; }
  [[nodiscard]] const std::string& name() const noexcept override { return parts_.name; }

  /// Sums over held_back and test. Where the loss is not finite, that part counts no rows (all its sums are 0).
  [[nodiscard]] SiloEvaluation evaluate(std::span<const float> global) override;

 protected:
  /// SGD with momentum (from zero in each round) over the fit rows, in a new random order each epoch; a last smaller
  /// batch is used as it is. No fit rows: the delta is zero. Rows that are not finite give a delta that is not finite.
  void train(const RoundTicket& ticket, std::span<const float> global, std::span<float> model_delta) override;

 private:
  LocalSiloParts parts_;
  Model& model_;
};

}  // namespace crossilo
