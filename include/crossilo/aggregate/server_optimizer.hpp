// Aim: from the mean model delta to the next global model, bit-identically on every rank.
#pragma once

#include <memory>
#include <span>

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Turns a mean delta into the next global model. Only + - x / and sqrt in a fixed order.
class ServerOptimizer {
 public:
  virtual ~ServerOptimizer() = default;
  /// Changes `parameters` in place. A total with contributed share 0 changes nothing.
  /// Shapes: total.mean and parameters d.
  void step(const RoundTotal& total, std::span<float> parameters);

 protected:
  virtual void apply(std::span<const float> mean_delta, std::span<float> parameters) = 0;
};

/// FedAvg: x <- x + learning_rate * mean delta. Source: McMahan et al. 2017, algorithm 1.
class FedAvg final : public ServerOptimizer {
 public:
  explicit FedAvg(double server_learning_rate) : server_learning_rate_(server_learning_rate) {}

 private:
  void apply(std::span<const float> mean_delta, std::span<float> parameters) override;
  double server_learning_rate_;
};

}  // namespace crossilo
