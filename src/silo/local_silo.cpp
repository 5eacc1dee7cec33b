#include "crossilo/silo/local_silo.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/one_hot.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "../model/model_parts.hpp"
#include "crossilo/base/check.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "sgd.hpp"
#include "shuffle.hpp"

namespace crossilo {
namespace {

/// Rows are copied in blocks of about this size: large enough to gather a small silo's epoch at once, small enough to
/// stay in the processor's cache and in memory that the allocator has at hand.
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

std::size_t rows_in_block(std::size_t features) {
  return std::max<std::size_t>(1, kBlockBytes / (features * sizeof(float)));
}

struct Rows {
  at::Tensor x;  // [rows, features]
  at::Tensor y;  // [rows], or targets [rows, outputs]
};

/// Tensors over the set's own memory.
Rows view_rows(const RowSet& set, std::size_t features) {
  const auto count = static_cast<std::int64_t>(set.rows);
  return {at::from_blob(const_cast<float*>(set.x.data()), {count, static_cast<std::int64_t>(features)}),
          at::from_blob(const_cast<float*>(set.y.data()), {count})};
}

void load(Model& model, std::span<const float> parameters) {
  CROSSILO_ASSERT(parameters.size() == model.parameters().size());
  std::ranges::copy(parameters, model.parameters().begin());
}

/// What the predictions are compared with. Shapes: y [rows] -> [rows, outputs].
at::Tensor targets_of(Task task, const at::Tensor& y, std::int64_t outputs) {
  return task == Task::multiclass ? at::one_hot(y.to(at::kLong), outputs).to(at::kFloat) : y.unsqueeze(1);
}

at::Tensor predictions_of(Task task, const at::Tensor& outputs) {
  switch (task) {
    case Task::binary:
      return outputs.sigmoid();
    case Task::multiclass:
      return outputs.softmax(1);
    case Task::regression:
      return outputs;
  }
  CROSSILO_ASSERT(!"a task has predictions");
  return {};
}

/// Gradient of the batch's mean loss in the outputs: (prediction - target) / rows for the cross entropies, twice that
/// for the squared error. Written out, since torch's loss functions cost a third of a small model's step.
at::Tensor output_gradient(Task task, const at::Tensor& outputs, const at::Tensor& targets) {
  const c10::NoGradGuard no_grad;
  const double factor = task == Task::regression ? 2.0 : 1.0;
  return predictions_of(task, outputs).sub(targets).mul_(factor / static_cast<double>(outputs.size(0)));
}

/// Trains on one block of shuffled rows, batch after batch.
void train_block(Model::Parts& model, Task task, const Rows& block, std::int64_t batch_size, const SgdRates& rates) {
  for (std::int64_t first = 0; first < block.x.size(0); first += batch_size) {
    const std::int64_t count = std::min(batch_size, block.x.size(0) - first);
    const at::Tensor outputs = model.network->forward(block.x.narrow(0, first, count));
    outputs.backward(output_gradient(task, outputs, block.y.narrow(0, first, count)));
    sgd_step(rates, view(model.flat), view(model.flat_gradient), model.velocity);
  }
}

/// Trains on all rows once, in the given order.
void train_epoch(Model::Parts& model, Task task, const Rows& rows, std::span<std::int64_t> order,
                 const TrainOptions& options, const SgdRates& rates) {
  if (order.empty()) return;
  const std::size_t batch_size = std::min(options.batch_size, order.size());
  const std::size_t batches = rows_in_block(model.spec.inputs) / batch_size;
  const std::size_t block_rows = std::max<std::size_t>(1, batches) * batch_size;
  for (std::size_t first = 0; first < order.size(); first += block_rows) {
    const std::size_t count = std::min(block_rows, order.size() - first);
    const at::Tensor chosen = at::from_blob(order.data() + first, {static_cast<std::int64_t>(count)}, at::kLong);
    const at::Tensor y = at::index_select(rows.y, 0, chosen);
    const Rows block{at::index_select(rows.x, 0, chosen),
                     targets_of(task, y, static_cast<std::int64_t>(model.spec.outputs))};
    train_block(model, task, block, static_cast<std::int64_t>(batch_size), rates);
  }
}

}  // namespace

std::size_t outputs_of(const SiloSchema& schema) {
  return schema.task == Task::multiclass ? schema.class_names.size() : 1;
}

LocalSilo::LocalSilo(LocalSiloParts parts, Model& model) : parts_(std::move(parts)), model_(model) {
  CROSSILO_ASSERT(parts_.data && parts_.train.batch_size > 0);
  CROSSILO_ASSERT(model_.spec().inputs == parts_.data->features());
  CROSSILO_ASSERT(model_.spec().outputs == outputs_of(parts_.data->schema()));
}

void LocalSilo::train(const RoundTicket& ticket, std::span<const float> global, std::span<float> model_delta) {
  const Derivation use{.round = ticket.round, .silo = parts_.id, .parent = ticket.parent_model};
  std::mt19937_64 generator(seed_of(derive(parts_.root, PrivatePurpose::order, use).bytes()));
  const TorchSeedGuard dropout_seed(seed_of(derive(parts_.root, PrivatePurpose::dropout, use).bytes()));
  const TrainOptions& options = parts_.train;
  const SgdRates rates{.learning_rate = static_cast<float>(options.learning_rate),
                       .momentum = static_cast<float>(options.momentum)};
  const Dataset& data = *parts_.data;
  const Rows rows = view_rows(data.fit(), data.features());
  std::vector<std::int64_t> order(data.fit().rows);
  std::iota(order.begin(), order.end(), std::int64_t{0});

  Model::Parts& model = model_.parts();
  CROSSILO_ASSERT(model_delta.size() == global.size());
  load(model_, global);
  std::ranges::fill(view(model.flat_gradient), 0.0f);
  model.velocity.assign(global.size(), 0.0f);
  for (std::size_t epoch = 0; epoch < options.local_epochs; ++epoch) {
    shuffle(std::span(order), generator);
    train_epoch(model, data.schema().task, rows, order, options, rates);
  }
  std::ranges::transform(model_.parameters(), global, model_delta.begin(), std::minus<>());
}

SiloEvaluation LocalSilo::evaluate(std::span<const float> global) {
  const Dataset& data = *parts_.data;
  const Task task = data.schema().task;
  return {.held_back = evaluate_rows(model_, global, data.held_back(), task),
          .test = evaluate_rows(model_, global, data.test(), task)};
}

}  // namespace crossilo
