#include "crossilo/round/evaluation_statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

constexpr double kLossResolution = 0x1p-24;
constexpr double kRowsBound = 0x1p40;
constexpr std::size_t kNumbers = 3;  // rows, loss, correct

/// Of one silo: 2^52 steps, or fewer so that the total of all fits a signed word.
double loss_bound(const EvaluationLayout& layout) {
  return kLossResolution * std::min(0x1p52, 0x1p62 / static_cast<double>(std::bit_ceil(layout.silos)));
}

/// Adds neighbouring bins so that out.size() are left.
void merge_bins(const std::array<double, kScoreBinsMax>& bins, std::span<double> out) {
  const std::size_t width = bins.size() / out.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = 0.0;
    for (std::size_t j = 0; j < width; ++j) out[i] += bins[i * width + j];
  }
}

void write_sums(const EvaluationSums& sums, double bound, std::size_t bins, std::span<double> out) {
  std::ranges::fill(out, 0.0);
  if (!std::isfinite(sums.loss) || std::abs(sums.loss) > bound) return;
  out[0] = sums.rows;
  out[1] = sums.loss;
  out[2] = sums.correct;
  if (bins == 0) return;
  merge_bins(sums.scores.positive, out.subspan(kNumbers, bins));
  merge_bins(sums.scores.negative, out.subspan(kNumbers + bins, bins));
}

EvaluationSums read_sums(std::size_t bins, std::span<const double> in) {
  EvaluationSums sums{.rows = in[0], .loss = in[1], .correct = in[2], .scores = {}};
  std::ranges::copy(in.subspan(kNumbers, bins), sums.scores.positive.begin());
  std::ranges::copy(in.subspan(kNumbers + bins, bins), sums.scores.negative.begin());
  return sums;
}

void add_specs(const std::string& part, double bound, std::size_t bins, std::vector<StatisticSpec>& specs) {
  specs.push_back({.name = part + "_rows", .resolution = 1.0, .bound = kRowsBound});
  specs.push_back({.name = part + "_loss", .resolution = kLossResolution, .bound = bound});
  specs.push_back({.name = part + "_correct", .resolution = 1.0, .bound = kRowsBound});
  for (const char* label : {"positive", "negative"})
    for (std::size_t bin = 0; bin < bins; ++bin)
      specs.push_back({.name = part + "_" + label + "_" + std::to_string(bin), .resolution = 1.0, .bound = kRowsBound});
}

}  // namespace

std::vector<StatisticSpec> evaluation_statistics(const EvaluationLayout& layout) {
  std::vector<StatisticSpec> specs;
  add_specs("held_back", loss_bound(layout), layout.held_back_bins, specs);
  add_specs("test", loss_bound(layout), layout.test_bins, specs);
  return specs;
}

void write_evaluation(const SiloEvaluation& evaluation, const EvaluationLayout& layout, std::span<double> statistics) {
  CROSSILO_ASSERT(statistics.size() == layout.statistics());
  const std::size_t held_back = kNumbers + 2 * layout.held_back_bins;
  write_sums(evaluation.held_back, loss_bound(layout), layout.held_back_bins, statistics.first(held_back));
  write_sums(evaluation.test, loss_bound(layout), layout.test_bins, statistics.subspan(held_back));
}

SiloEvaluation read_evaluation(const EvaluationLayout& layout, std::span<const double> statistics) {
  CROSSILO_ASSERT(statistics.size() == layout.statistics());
  const std::size_t held_back = kNumbers + 2 * layout.held_back_bins;
  return {.held_back = read_sums(layout.held_back_bins, statistics.first(held_back)),
          .test = read_sums(layout.test_bins, statistics.subspan(held_back))};
}

}  // namespace crossilo
