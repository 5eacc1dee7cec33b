#include "crossilo/aggregate/server_optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "crossilo/base/check.hpp"
#include "crossilo/base/float_mode.hpp"

namespace crossilo {
namespace {

/// Buffers are averaged: x <- x + mean delta.
void add_mean(std::span<const float> mean_delta, std::span<float> buffers) {
  for (std::size_t i = 0; i < buffers.size(); ++i)
    buffers[i] = static_cast<float>(double{buffers[i]} + double{mean_delta[i]});
}

/// One pass of FedOpt; `next_v(v, delta^2)` is the rule of the second moment.
template <class NextSecondMoment>
void fed_opt_pass(const FedOpt::Options& options, std::span<const float> mean_delta, std::span<float> weights,
                  std::span<float> first, std::span<float> second, const NextSecondMoment& next_v) {
  const double keep = options.beta1;
  const double take = 1.0 - options.beta1;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double delta = mean_delta[i];
    const double m = keep * double{first[i]} + take * delta;
    const double v = next_v(double{second[i]}, delta * delta);
    weights[i] =
        static_cast<float>(double{weights[i]} + options.server_learning_rate * m / (std::sqrt(v) + options.tau));
    first[i] = static_cast<float>(m);
    second[i] = static_cast<float>(v);
  }
}

}  // namespace

void ServerOptimizer::step(const RoundTotal& total, const ParameterLayout& layout, std::span<float> parameters) {
  CROSSILO_ASSERT(total.mean.size() == parameters.size() && layout.size() == parameters.size());
  const FloatModeGuard pinned;
  if (!(total.contributed_share > 0.0)) return;
  apply(total.mean.first(layout.weights), parameters.first(layout.weights));
  add_mean(total.mean.subspan(layout.weights), parameters.subspan(layout.weights));
  for (const ParameterRange& range : layout.non_negative)
    for (float& value : parameters.subspan(range.offset, range.count)) value = std::max(value, 0.0F);
}

void FedAvg::apply(std::span<const float> mean_delta, std::span<float> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(double{weights[i]} + server_learning_rate_ * double{mean_delta[i]});
}

void FedAvgM::apply(std::span<const float> mean_delta, std::span<float> weights) {
  CROSSILO_ASSERT(weights.size() == momentum_.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double m = options_.momentum * double{momentum_[i]} + double{mean_delta[i]};
    weights[i] = static_cast<float>(double{weights[i]} + options_.server_learning_rate * m);
    momentum_[i] = static_cast<float>(m);
  }
}

FedOpt::FedOpt(const Options& options, std::size_t weights)
    : options_(options), first_(weights), second_(weights, static_cast<float>(options.tau * options.tau)) {}

void FedOpt::apply(std::span<const float> mean_delta, std::span<float> weights) {
  CROSSILO_ASSERT(weights.size() == first_.size());
  const double keep = options_.beta2;
  const double take = 1.0 - options_.beta2;
  const auto pass = [&](const auto& next_v) { fed_opt_pass(options_, mean_delta, weights, first_, second_, next_v); };
  switch (options_.second_moment) {
    case SecondMoment::adagrad:
      return pass([](double v, double square) { return v + square; });
    case SecondMoment::adam:
      return pass([=](double v, double square) { return keep * v + take * square; });
    case SecondMoment::yogi:
      return pass([=](double v, double square) {
        const double sign = v > square ? 1.0 : v < square ? -1.0 : 0.0;
        return v - take * square * sign;
      });
  }
}

}  // namespace crossilo
