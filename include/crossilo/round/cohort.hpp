// Aim: which silos train in a round.
#pragma once

#include <cstddef>

#include "crossilo/base/random.hpp"
#include "crossilo/model/payload.hpp"

namespace crossilo {

/// A sample of `silos` silos without replacement, each set of them equally likely, from those with a weight; all of
/// those where that many are not there. 0: the whole roster. Deterministic: by root and round alone, the same on every
/// machine, so nobody can steer it and everybody knows it. Written to `cohort`, whose memory serves every round.
void sample_cohort(const Cohort& roster, std::size_t silos, const PublicRoot& root, RoundIndex round, Cohort& cohort);

}  // namespace crossilo
