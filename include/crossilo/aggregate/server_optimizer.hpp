// Aim: from the mean model delta to the next global model, bit-identically on every rank.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "crossilo/model/parameter_layout.hpp"
#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Turns a mean delta into the next global model. Only + - x / and sqrt in a fixed order, in double, each value rounded
/// to float once. Every rank keeps the same state.
class ServerOptimizer {
 public:
  virtual ~ServerOptimizer() = default;
  /// Changes `parameters` in place, as the means arrive: weights by the optimizer's rule, buffers by the mean delta as
  /// it is, running variances not below 0. A total with contributed share 0 changes nothing. Shapes: the means and
  /// parameters layout.size(). Throws what the total's means throw; `parameters` are of no use then.
  void step(const RoundTotal& total, const ParameterLayout& layout, std::span<float> parameters);

  /// What must survive a restart, each of layout.weights values; empty for a rule without memory.
  /// Alive until: the optimizer dies.
  [[nodiscard]] virtual std::vector<std::span<float>> state() { return {}; }

 protected:
  /// A stretch of the weights, from `first` on.
  virtual void apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) = 0;
};

/// FedAvg: x <- x + learning_rate * delta. Source: McMahan et al. 2017, algorithm 1.
class FedAvg final : public ServerOptimizer {
 public:
  explicit FedAvg(double server_learning_rate) : server_learning_rate_(server_learning_rate) {}

 private:
  void apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) override;
  double server_learning_rate_;
};

/// FedAvgM: m <- momentum * m + delta; x <- x + learning_rate * m. Source: Hsu, Qi, Brown 2019.
class FedAvgM final : public ServerOptimizer {
 public:
  struct Options {
    double server_learning_rate = 1.0;
    double momentum = 0.9;
  };
  FedAvgM(const Options& options, std::size_t weights) : options_(options), momentum_(weights) {}
  [[nodiscard]] std::vector<std::span<float>> state() override { return {momentum_}; }

 private:
  void apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) override;
  Options options_;
  std::vector<float> momentum_;  // m
};

/// How FedOpt's second moment follows the squared delta.
enum class SecondMoment : std::uint8_t { adagrad, adam, yogi };

/// FedAdagrad, FedAdam and FedYogi: m <- b1 m + (1 - b1) delta; x <- x + learning_rate * m / (sqrt(v) + tau), with
/// v <- v + delta^2 (adagrad), b2 v + (1 - b2) delta^2 (adam), v - (1 - b2) delta^2 sign(v - delta^2) (yogi);
/// v starts at tau^2, and no bias is corrected. Source: Reddi et al. 2021, algorithm 2.
class FedOpt final : public ServerOptimizer {
 public:
  struct Options {
    SecondMoment second_moment = SecondMoment::adam;
    double server_learning_rate = 0.1;
    double beta1 = 0.9;
    double beta2 = 0.99;
    double tau = 1e-3;
  };
  FedOpt(const Options& options, std::size_t weights);
  [[nodiscard]] std::vector<std::span<float>> state() override { return {first_, second_}; }

 private:
  void apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) override;
  Options options_;
  std::vector<float> first_;   // m
  std::vector<float> second_;  // v
};

}  // namespace crossilo
