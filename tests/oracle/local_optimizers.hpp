// Aim: the local optimizers' steps in double precision, by the formulas of the papers and of torch's documentation.
// Method: plain loops, one small function for each rule; nothing of the library but the options' numbers.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "crossilo/silo/train_options.hpp"

namespace crossilo::oracle {

using Vector = std::vector<double>;

class LocalOptimizer {
 public:
  LocalOptimizer(const TrainOptions& options, Vector start)
      : o_(options), anchor_(start), p_(std::move(start)), m_(p_.size(), 0.0), v_(p_.size(), 0.0) {}

  const Vector& parameters() const { return p_; }

  void step(double learning_rate, Vector g) {
    ++steps_;
    for (std::size_t i = 0; i < p_.size(); ++i) g[i] += o_.proximal_mu * (p_[i] - anchor_[i]);
    clip(g);
    for (std::size_t i = 0; i < p_.size(); ++i) {
      if (o_.optimizer == crossilo::LocalOptimizer::adamw)
        p_[i] -= learning_rate * o_.weight_decay * p_[i];
      else
        g[i] += o_.weight_decay * p_[i];
      p_[i] -= learning_rate * (o_.optimizer == crossilo::LocalOptimizer::sgd ? momentum(i, g[i]) : adam(i, g[i]));
    }
  }

 private:
  void clip(Vector& g) const {
    if (o_.gradient_clip_norm == 0.0) return;
    double squares = 0.0;
    for (const double value : g) squares += value * value;
    const double norm = std::sqrt(squares);
    if (norm <= o_.gradient_clip_norm) return;
    for (double& value : g) value *= o_.gradient_clip_norm / norm;
  }
  double momentum(std::size_t i, double g) { return m_[i] = o_.momentum * m_[i] + g; }
  double adam(std::size_t i, double g) {
    m_[i] = o_.adam_beta1 * m_[i] + (1.0 - o_.adam_beta1) * g;
    v_[i] = o_.adam_beta2 * v_[i] + (1.0 - o_.adam_beta2) * g * g;
    const double mean = m_[i] / (1.0 - std::pow(o_.adam_beta1, steps_));
    const double square = v_[i] / (1.0 - std::pow(o_.adam_beta2, steps_));
    return mean / (std::sqrt(square) + o_.adam_epsilon);
  }

  TrainOptions o_;
  Vector anchor_, p_, m_, v_;
  int steps_ = 0;
};

}  // namespace crossilo::oracle
