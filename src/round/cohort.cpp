#include "crossilo/round/cohort.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

/// Uniform in [0, bound): draws beyond the last whole multiple of `bound` are thrown away.
std::uint64_t uniform_below(std::uint64_t bound, std::mt19937_64& generator) {
  const std::uint64_t limit = std::mt19937_64::max() - std::mt19937_64::max() % bound;
  std::uint64_t drawn = generator();
  while (drawn >= limit) drawn = generator();
  return drawn % bound;
}

}  // namespace

Cohort sample_cohort(const Cohort& roster, std::size_t silos, const PublicRoot& root, RoundIndex round) {
  std::vector<std::pair<SiloId, std::uint64_t>> candidates;
  for (std::size_t i = 0; i < roster.size(); ++i)
    if (roster.weights[i] > 0) candidates.emplace_back(roster.silos[i], roster.weights[i]);
  if (silos == 0) return roster;
  silos = std::min(silos, candidates.size());
  std::mt19937_64 generator(seed_of(derive(root, PublicPurpose::cohort, {.round = round})));
  for (std::size_t i = 0; i < silos; ++i)  // the first steps of Fisher and Yates
    std::swap(candidates[i], candidates[i + uniform_below(candidates.size() - i, generator)]);
  std::sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(silos));
  Cohort cohort;
  for (std::size_t i = 0; i < silos; ++i) {
    cohort.silos.push_back(candidates[i].first);
    cohort.weights.push_back(candidates[i].second);
  }
  return cohort;
}

}  // namespace crossilo
