// Aim: a linear model trained and evaluated by plain loops in double precision.
// Method: written from the formulas, row by row, without any code of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo::oracle {

struct Sums {
  double rows = 0.0, loss = 0.0, correct = 0.0;
};

/// Parameters: weight [outputs][features], then bias [outputs].
class LinearModel {
 public:
  LinearModel(Task task, std::size_t features, std::size_t outputs, std::vector<double> parameters)
      : task_(task), features_(features), outputs_(outputs), p_(std::move(parameters)), v_(p_.size(), 0.0) {}

  const std::vector<double>& parameters() const { return p_; }

  void sgd_step(const RowSet& rows, double learning_rate, double momentum) {
    const std::vector<double> g = gradient(rows);
    for (std::size_t i = 0; i < p_.size(); ++i) {
      v_[i] = momentum * v_[i] + g[i];
      p_[i] -= learning_rate * v_[i];
    }
  }

  /// Of the mean loss; a row counts its class's weight, or 1.
  std::vector<double> gradient(const RowSet& rows, const std::vector<double>& class_weights = {}) const {
    std::vector<double> g(p_.size(), 0.0);
    for (std::size_t row = 0; row < rows.rows; ++row) {
      std::vector<double> error = output_gradient(outputs(rows, row), rows.y[row]);
      if (!class_weights.empty())
        for (double& value : error) value *= class_weights[static_cast<std::size_t>(rows.y[row])];
      for (std::size_t o = 0; o < outputs_; ++o) {
        for (std::size_t f = 0; f < features_; ++f)
          g[o * features_ + f] += error[o] * rows.x[row * features_ + f] / double(rows.rows);
        g[outputs_ * features_ + o] += error[o] / double(rows.rows);
      }
    }
    return g;
  }

  Sums evaluate(const RowSet& rows) const {
    Sums sums;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      const std::vector<double> z = outputs(rows, row);
      const auto y = static_cast<std::size_t>(rows.y[row]);
      sums.rows += 1.0;
      if (task_ == Task::regression) {
        sums.loss += (z[0] - rows.y[row]) * (z[0] - rows.y[row]);
        continue;
      }
      const std::vector<double> p = probabilities(z);
      sums.loss -= std::log(p[y]);
      sums.correct += std::max_element(p.begin(), p.end()) - p.begin() == static_cast<std::ptrdiff_t>(y) ? 1.0 : 0.0;
    }
    return sums;
  }

  std::vector<double> outputs(const RowSet& rows, std::size_t row) const {
    std::vector<double> z(outputs_);
    for (std::size_t o = 0; o < outputs_; ++o) {
      z[o] = p_[outputs_ * features_ + o];
      for (std::size_t f = 0; f < features_; ++f) z[o] += p_[o * features_ + f] * rows.x[row * features_ + f];
    }
    return z;
  }

 private:
  /// Of the classes; a binary model's one logit speaks for class 1.
  std::vector<double> probabilities(const std::vector<double>& z) const {
    if (task_ == Task::binary) return {1.0 / (1.0 + std::exp(z[0])), 1.0 / (1.0 + std::exp(-z[0]))};
    std::vector<double> p(z.size());
    double sum = 0.0;
    for (std::size_t o = 0; o < z.size(); ++o) sum += p[o] = std::exp(z[o]);
    for (double& value : p) value /= sum;
    return p;
  }

  std::vector<double> output_gradient(const std::vector<double>& z, double y) const {
    if (task_ == Task::regression) return {2.0 * (z[0] - y)};
    if (task_ == Task::binary) return {probabilities(z)[1] - y};
    std::vector<double> error = probabilities(z);
    error[static_cast<std::size_t>(y)] -= 1.0;
    return error;
  }

  Task task_;
  std::size_t features_, outputs_;
  std::vector<double> p_, v_;
};

}  // namespace crossilo::oracle
