#include "crossilo/round/cohort.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "../silo/shuffle.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {

void sample_cohort(const Cohort& roster, std::size_t silos, const PublicRoot& root, RoundIndex round, Cohort& cohort) {
  cohort = roster;
  if (silos == 0) return;
  std::erase_if(cohort.silos, [&](SiloId silo) { return roster.weight(silo) == 0; });
  silos = std::min(silos, cohort.size());
  std::mt19937_64 generator(seed_of(derive(root, PublicPurpose::cohort, {.round = round})));
  for (std::size_t i = 0; i < silos; ++i)  // the first steps of Fisher and Yates
    std::swap(cohort.silos[i], cohort.silos[i + draw_below(generator, cohort.size() - i)]);
  cohort.silos.resize(silos);
  std::ranges::sort(cohort.silos);
  cohort.weights.resize(silos);
  for (std::size_t i = 0; i < silos; ++i) cohort.weights[i] = roster.weight(cohort.silos[i]);
}

}  // namespace crossilo
