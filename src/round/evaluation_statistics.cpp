#include "crossilo/round/evaluation_statistics.hpp"

#include <cmath>

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

constexpr double kLossBound = 0x1p28;
constexpr double kRowsBound = 0x1p40;

void write_sums(const EvaluationSums& sums, std::span<double> out) {
  const bool usable = std::isfinite(sums.loss) && std::abs(sums.loss) <= kLossBound;
  out[0] = usable ? sums.rows : 0.0;
  out[1] = usable ? sums.loss : 0.0;
  out[2] = usable ? sums.correct : 0.0;
}

EvaluationSums read_sums(std::span<const double> in) { return {.rows = in[0], .loss = in[1], .correct = in[2]}; }

}  // namespace

std::vector<StatisticSpec> evaluation_statistics() {
  std::vector<StatisticSpec> specs;
  for (const char* part : {"held_back", "test"}) {
    specs.push_back({.name = std::string(part) + "_rows", .resolution = 1.0, .bound = kRowsBound});
    specs.push_back({.name = std::string(part) + "_loss", .resolution = 0x1p-24, .bound = kLossBound});
    specs.push_back({.name = std::string(part) + "_correct", .resolution = 1.0, .bound = kRowsBound});
  }
  return specs;
}

void write_evaluation(const SiloEvaluation& evaluation, std::span<double> statistics) {
  CROSSILO_ASSERT(statistics.size() == 6);
  write_sums(evaluation.held_back, statistics.first(3));
  write_sums(evaluation.test, statistics.last(3));
}

SiloEvaluation read_evaluation(std::span<const double> statistics) {
  CROSSILO_ASSERT(statistics.size() == 6);
  return {.held_back = read_sums(statistics.first(3)), .test = read_sums(statistics.last(3))};
}

}  // namespace crossilo
