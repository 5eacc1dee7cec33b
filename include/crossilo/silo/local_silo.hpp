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
#include "crossilo/silo/train_options.hpp"

namespace crossilo {

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
  /// Alive until: the model outlives the silo. Throws: ConfigError (batch_size) or DataError (rows) that names the
  /// silo, where the model cannot be trained on one row and that is all there would be.
  LocalSilo(LocalSiloParts parts, Model& model);

  [[nodiscard]] SiloId id() const noexcept override { return parts_.id; }
  [[nodiscard]] const std::string& name() const noexcept override { return parts_.name; }

  /// Sums over held_back and test. Where the loss is not finite, that part counts no rows (all its sums are 0).
  [[nodiscard]] SiloEvaluation evaluate(const GlobalModel& global) override;

 protected:
  /// Trains over the fit rows, in a new random order each epoch, as the options say; the optimizer's state begins at
  /// zero. A last smaller batch is used as it is; with a model that cannot be trained on one row (it normalises over a
  /// batch), a single last row joins the batch before it. A buffer that training leaves alone has the delta 0, whatever
  /// its value (an attention mask has -inf). No fit rows: the delta is zero. Numbers that are not finite, in rows or
  /// on the way, give a delta that is not finite, with which the silo abstains.
  void train(const RoundTicket& ticket, std::span<const float> global, std::span<float> model_delta) override;

 private:
  LocalSiloParts parts_;
  Model& model_;
};

}  // namespace crossilo
