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
  CROSSILO_ASSERT(total.mean != nullptr && layout.size() == parameters.size());
  const FloatModeGuard pinned;
  const bool changes = total.contributed_share > 0.0;
  std::size_t first = 0;
  for (std::span<const float> mean = total.mean->next(); !mean.empty(); mean = total.mean->next()) {
    CROSSILO_ASSERT(mean.size() <= parameters.size() - first);
    const std::span<float> stretch = parameters.subspan(first, mean.size());
    const std::size_t weights = std::min(mean.size(), layout.weights - std::min(first, layout.weights));
    if (changes && weights > 0) apply(first, mean.first(weights), stretch.first(weights));
    if (changes) add_mean(mean.subspan(weights), stretch.subspan(weights));
    first += mean.size();
  }
  CROSSILO_ASSERT(first == parameters.size());
  if (!changes) return;
  for (const ParameterRange& range : layout.non_negative)
    for (float& value : parameters.subspan(range.offset, range.count)) value = std::max(value, 0.0F);
}

void FedAvg::apply(std::size_t, std::span<const float> mean_delta, std::span<float> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(double{weights[i]} + server_learning_rate_ * double{mean_delta[i]});
}

void FedAvgM::apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) {
  const std::span<float> momentum = std::span(momentum_).subspan(first, weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double m = options_.momentum * double{momentum[i]} + double{mean_delta[i]};
    weights[i] = static_cast<float>(double{weights[i]} + options_.server_learning_rate * m);
    momentum[i] = static_cast<float>(m);
  }
}

FedOpt::FedOpt(const Options& options, std::size_t weights)
    : options_(options), first_(weights), second_(weights, static_cast<float>(options.tau * options.tau)) {}

void FedOpt::apply(std::size_t first, std::span<const float> mean_delta, std::span<float> weights) {
  const std::span<float> first_moment = std::span(first_).subspan(first, weights.size());
  const std::span<float> second_moment = std::span(second_).subspan(first, weights.size());
  const double keep = options_.beta2;
  const double take = 1.0 - options_.beta2;
  const auto pass = [&](const auto& next_v) {
    fed_opt_pass(options_, mean_delta, weights, first_moment, second_moment, next_v);
  };
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
