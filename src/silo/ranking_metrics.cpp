#include "crossilo/silo/ranking_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

constexpr double kNormal975 = 1.959963984540054;

bool is_positive(float label) { return label > 0.5f; }

std::size_t count_positive(std::span<const float> labels) {
  return static_cast<std::size_t>(std::ranges::count_if(labels, is_positive));
}

bool can_rank(std::span<const float> scores, std::span<const float> labels) {
  CROSSILO_ASSERT(scores.size() == labels.size());
  const std::size_t positive = count_positive(labels);
  return std::min(positive, labels.size() - positive) >= kRankedRowsPerClassMin &&
         std::ranges::all_of(scores, [](float score) { return std::isfinite(score); });
}

/// DeLong's components: of a positive row the share of negative rows below it, of a negative row the share of positive
/// rows above it (a tie is one half).
struct Components {
  std::vector<double> positive;
  std::vector<double> negative;
};

/// Walks the rows by ascending score, one run of equal scores after another.
Components components_of(std::span<const float> scores, std::span<const float> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  const auto positives = static_cast<double>(count_positive(labels));
  const double negatives = static_cast<double>(labels.size()) - positives;

  std::vector<double> of_row(scores.size());
  double positives_below = 0.0;
  double negatives_below = 0.0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    double tied_positives = 0.0;
    while (end < order.size() && scores[order[end]] == scores[order[begin]])
      tied_positives += is_positive(labels[order[end++]]) ? 1.0 : 0.0;
    const double tied_negatives = static_cast<double>(end - begin) - tied_positives;
    for (std::size_t i = begin; i < end; ++i)
      of_row[order[i]] = is_positive(labels[order[i]])
                             ? (negatives_below + tied_negatives / 2.0) / negatives
                             : (positives - positives_below - tied_positives / 2.0) / positives;
    positives_below += tied_positives;
    negatives_below += tied_negatives;
  }
  Components components;
  for (std::size_t row = 0; row < labels.size(); ++row)
    (is_positive(labels[row]) ? components.positive : components.negative).push_back(of_row[row]);
  return components;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The variance of the values' mean.
double variance_of_mean(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  return squares / (count - 1.0) / count;
}

double standard_error_of(const Components& components) {
  return std::sqrt(variance_of_mean(components.positive) + variance_of_mean(components.negative));
}

double logistic(double logit) { return 1.0 / (1.0 + std::exp(-logit)); }

void set_area_interval(RankingEstimate& area, std::size_t smaller_class) {
  if (area.value <= 0.0 || area.value >= 1.0) {
    const double reach = std::pow(0.025, 1.0 / static_cast<double>(smaller_class));
    area.low = area.value >= 1.0 ? reach : 0.0;
    area.high = area.value >= 1.0 ? 1.0 : 1.0 - reach;
    return;
  }
  const double centre = std::log(area.value / (1.0 - area.value));
  const double reach = kNormal975 * area.standard_error / (area.value * (1.0 - area.value));
  area.low = logistic(centre - reach);
  area.high = logistic(centre + reach);
}

}  // namespace

std::string ranking_refusal(std::span<const float> scores, std::span<const float> labels,
                            const std::vector<std::string>& class_names) {
  CROSSILO_ASSERT(class_names.size() == 2);
  if (can_rank(scores, labels)) return {};
  const std::size_t positive = count_positive(labels);
  const std::size_t negative = labels.size() - positive;
  const std::size_t fewer = std::min(positive, negative);
  if (fewer >= kRankedRowsPerClassMin) return "a score is not finite";
  return std::to_string(fewer) + (fewer == 1 ? " row" : " rows") + " of class " +
         class_names[positive < negative ? 1 : 0] + ", too few to rank";
}

std::optional<RankingEstimate> auc(std::span<const float> scores, std::span<const float> labels) {
  if (!can_rank(scores, labels)) return std::nullopt;
  const Components components = components_of(scores, labels);
  RankingEstimate area;
  area.value = mean_of(components.positive);
  area.standard_error = standard_error_of(components);
  set_area_interval(area, std::min(components.positive.size(), components.negative.size()));
  return area;
}

std::optional<RankingEstimate> auc_difference(std::span<const float> scores, std::span<const float> other_scores,
                                              std::span<const float> labels) {
  if (!can_rank(scores, labels) || !can_rank(other_scores, labels)) return std::nullopt;
  // The variance of a difference of means is that of the rows' differences: DeLong's covariance without the matrix.
  Components difference = components_of(scores, labels);
  const Components other = components_of(other_scores, labels);
  std::ranges::transform(difference.positive, other.positive, difference.positive.begin(), std::minus<>());
  std::ranges::transform(difference.negative, other.negative, difference.negative.begin(), std::minus<>());
  RankingEstimate estimate;
  estimate.value = mean_of(difference.positive);
  estimate.standard_error = standard_error_of(difference);
  estimate.low = estimate.value - kNormal975 * estimate.standard_error;
  estimate.high = estimate.value + kNormal975 * estimate.standard_error;
  return estimate;
}

}  // namespace crossilo
