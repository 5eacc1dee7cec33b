// Aim: how a silo trains, as plain numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crossilo/base/types.hpp"

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
  double gradient_clip_norm = 0.0;  // of each step's gradient, the proximal term in it; 0: no bound
  double proximal_mu = 0.0;         // FedProx: gradient of mu/2 |y - x|^2; 0: off
  std::size_t batch_size = 16;
  std::size_t local_epochs = 1;
  std::size_t local_steps = 0;  // steps in a round instead of epochs, through as many epochs as that takes; 0: epochs
  Schedule schedule = Schedule::constant;
  std::uint32_t schedule_rounds = 0;
  double schedule_factor = 0.0;
  bool balances_classes = false;  // a row counts rows / (classes x rows of its class), by the federation's counts
};

/// The learning rate of a round, the first of which is 1. Cosine: half a cosine from learning_rate in round 1 to
/// learning_rate x schedule_factor in round 1 + schedule_rounds, flat from there on. Step: learning_rate x
/// schedule_factor ^ floor((round - 1) / schedule_rounds). Both need schedule_rounds > 0.
[[nodiscard]] double learning_rate_in(const TrainOptions& options, RoundIndex round);

}  // namespace crossilo
