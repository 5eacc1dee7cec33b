#include "crossilo/silo/local_silo.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <random>

#include "../model/model_parts.hpp"
#include "batches.hpp"
#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "device_step.hpp"
#include "optimizer_step.hpp"
#include "output_gradient.hpp"

namespace crossilo {
namespace {

LossRule loss_rule(const Dataset& data, bool balances_classes) {
  LossRule rule{.task = data.schema().task, .class_weights = {}};
  if (balances_classes && rule.task != Task::regression) {
    rule.class_weights = balanced_weights(data.scaling().class_rows);
    CROSSILO_ASSERT(rule.class_weights.size() == data.schema().class_names.size());
  }
  return rule;
}

std::span<const float> view_const(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// Leaves the gradient of the batch's mean loss in the network's gradients. `room` has the shape of the outputs. Rows
/// and losses are the processor's; on a device of its own the network gets the one and gives the other.
void backpropagate(const Model::Parts& model, const LossRule& rule, const Batches::Batch& batch,
                   const at::Tensor& room) {
  const at::Tensor outputs = model.network->forward(model.to_device(batch.x));
  const at::Tensor gradient = room.narrow(0, 0, outputs.size(0));
  output_gradient(rule, view_const(model.to_host(outputs).contiguous()), batch.y, view(gradient));
  model.network->backward(outputs, model.to_device(gradient));
}

/// A step of the optimizer on the network's flat vectors, by its number.
using NumberedStep = std::function<void(std::size_t)>;

NumberedStep step_in_memory(Model::Parts& model, const TrainOptions& options, double learning_rate,
                            std::span<const float> global) {
  const OptimizerStep step(options);
  const std::size_t weights = model.layout.weights;
  model.optimizer_state.assign(step.state_vectors() * weights, 0.0f);
  const StepVectors vectors{.parameters = view(model.flat).first(weights),
                            .gradient = view(model.flat_gradient),
                            .anchor = global.first(weights),
                            .state = model.optimizer_state};
  std::ranges::fill(vectors.gradient, 0.0f);
  return [=](std::size_t number) { step(learning_rate, number, vectors); };
}

NumberedStep step_on_device(const Model::Parts::OnDevice& model, const TrainOptions& options, double learning_rate) {
  const at::Tensor& gradient = model.flat_gradient;
  gradient.zero_();
  return [=, step = DeviceStep(options, model.flat.narrow(0, 0, gradient.numel()), gradient)](
             std::size_t number) mutable { step(learning_rate, number); };
}

/// Takes the silo's steps of one round.
void train_steps(Model::Parts& model, const LossRule& rule, Batches& batches, const TrainOptions& options,
                 double learning_rate, std::span<const float> global, const std::function<void()>& step_done) {
  const NumberedStep step = model.on_device ? step_on_device(*model.on_device, options, learning_rate)
                                            : step_in_memory(model, options, learning_rate, global);
  const at::Tensor room =
      at::empty({static_cast<std::int64_t>(batches.rows_max()), static_cast<std::int64_t>(model.spec.outputs)});
  const std::size_t steps = options.local_steps > 0 ? options.local_steps : options.local_epochs * batches.in_epoch();
  for (std::size_t number = 1; number <= steps; ++number) {
    backpropagate(model, rule, batches.next(), room);
    step(number);
    step_done();
  }
}

/// A model that normalises over the rows of a batch would fail in the middle of the first round.
void check_batches(const LocalSiloParts& silo) {
  const std::string what = "silo " + silo.name + ": the model normalises over the rows of a batch";
  if (silo.train.batch_size == 1)
    throw ConfigError(what + ", and train.batch_size = 1; 2 or more is wanted (or layer or group normalisation)");
  if (silo.data->fit().rows == 1)
    throw DataError(what +
                    ", and this silo has 1 row to train on; leave it out of run.silos, or give it 2 rows or more "
                    "(layer and group normalisation take 1)");
}

/// A buffer's delta: 0 where training left it alone, be it infinite (an attention mask) or NaN.
float buffer_delta(float trained, float global) {
  const bool is_untouched = std::bit_cast<std::uint32_t>(trained) == std::bit_cast<std::uint32_t>(global);
  return is_untouched ? 0.0f : trained - global;
}

}  // namespace

std::size_t outputs_of(const SiloSchema& schema) {
  return schema.task == Task::multiclass ? schema.class_names.size() : 1;
}

LocalSilo::LocalSilo(LocalSiloParts parts, Model& model) : parts_(std::move(parts)), model_(model) {
  CROSSILO_ASSERT(parts_.data && parts_.train.batch_size > 0);
  CROSSILO_ASSERT(model_.spec().inputs == parts_.data->features());
  CROSSILO_ASSERT(model_.spec().outputs == outputs_of(parts_.data->schema()));
  if (!model_.trains_on_single_rows()) check_batches(parts_);
}

void LocalSilo::train(const RoundTicket& ticket, std::span<const float> global, std::span<float> model_delta) {
  CROSSILO_ASSERT(model_delta.size() == global.size() && global.size() == model_.parameters().size());
  const Dataset& data = *parts_.data;
  if (data.fit().rows == 0) {
    std::ranges::fill(model_delta, 0.0f);
    return;
  }
  const Derivation use{.round = ticket.round, .silo = parts_.id, .parent = ticket.parent_model};
  const TorchSeedGuard dropout_seed(seed_of(derive(parts_.root, PrivatePurpose::dropout, use).bytes()));
  const TrainOptions& options = parts_.train;
  Batches batches(data.fit(), {.batch_size = options.batch_size, .joins_single_row = !model_.trains_on_single_rows()},
                  std::mt19937_64(seed_of(derive(parts_.root, PrivatePurpose::order, use).bytes())));
  std::ranges::copy(global, model_.parameters().begin());
  model_.parts().push();
  model_.parts().network->set_training(true);
  train_steps(model_.parts(), loss_rule(data, options.balances_classes), batches, options,
              learning_rate_in(options, ticket.round), global, [this] { step_done(); });
  model_.parts().pull();
  const std::span<const float> trained = model_.parameters();
  const std::size_t weights = model_.layout().weights;
  std::ranges::transform(trained.first(weights), global.first(weights), model_delta.begin(), std::minus<>());
  std::ranges::transform(trained.subspan(weights), global.subspan(weights), model_delta.subspan(weights).begin(),
                         &buffer_delta);
}

SiloEvaluation LocalSilo::evaluate(const GlobalModel& global) {
  const Derivation use{.round = {}, .silo = parts_.id, .parent = global.hash};
  const TorchSeedGuard draws_of_its_own(seed_of(derive(parts_.root, PrivatePurpose::evaluation, use).bytes()));
  const Dataset& data = *parts_.data;
  const Task task = data.schema().task;
  const auto evaluated = [&](const RowSet& rows) {
    return evaluate_rows(model_, global.parameters, rows, task, [this] { step_done(); });
  };
  return {.held_back = evaluated(data.held_back()), .test = evaluated(data.test())};
}

}  // namespace crossilo
