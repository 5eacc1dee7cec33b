#include "crossilo/round/cohort.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "../silo/shuffle.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
Cohort sample_cohort(const Cohort& roster, std::size_t silos, const PublicRoot& root, RoundIndex round) {
  std::vector<std::pair<SiloId, std::uint64_t>> candidates;
  for (std::size_t i = 0; i < roster.size(); ++i)
    if (roster.weights[i] > 0) candidates.emplace_back(roster.silos[i], roster.weights[i]);
  if (silos == 0) return roster;
  silos = std::min(silos, candidates.size());
  std::mt19937_64 generator(seed_of(derive(root, PublicPurpose::cohort, {.round = round})));
  for (std::size_t i = 0; i < silos; ++i)  // the first steps of Fisher and Yates
    std::swap(candidates[i], candidates[i + draw_below(generator, candidates.size() - i)]);
  std::sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(silos));
  Cohort cohort;
  for (std::size_t i = 0; i < silos; ++i) {
    cohort.silos.push_back(candidates[i].first);
    cohort.weights.push_back(candidates[i].second);
  }
  return cohort;
}

}  // namespace crossilo
