#include "crossilo/model/payload.hpp"

#include <algorithm>
#include <numeric>

#include "crossilo/base/check.hpp"

namespace crossilo {

std::vector<StatisticSpec> leading_statistics() {
  return {{.name = "contributed_weight", .resolution = 1.0, .bound = 0x1p40},
          {.name = "abstentions", .resolution = 1.0, .bound = 1.0},
          {.name = "clamped_parameters", .resolution = 1.0, .bound = 0x1p40},
          {.name = "clamped_buffers", .resolution = 1.0, .bound = 0x1p40}};
}

std::size_t PayloadLayout::parameters() const noexcept {
  return std::accumulate(lanes.begin(), lanes.end(), std::size_t{0},
                         [](std::size_t sum, const LaneBlock& block) { return sum + block.parameters; });
}

std::size_t PayloadLayout::lane_words() const noexcept {
  return std::accumulate(lanes.begin(), lanes.end(), std::size_t{0},
                         [](std::size_t sum, const LaneBlock& block) { return sum + block.words(); });
}

std::uint64_t Cohort::total_weight() const noexcept {
  return std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
}

bool Cohort::contains(SiloId silo) const noexcept { return std::binary_search(silos.begin(), silos.end(), silo); }

std::uint64_t Cohort::weight(SiloId silo) const {
  const auto found = std::lower_bound(silos.begin(), silos.end(), silo);
  CROSSILO_ASSERT(found != silos.end() && *found == silo && silos.size() == weights.size());
  return weights[static_cast<std::size_t>(found - silos.begin())];
}

double Cohort::share(SiloId silo) const {
  CROSSILO_ASSERT(total_weight() > 0);
  return static_cast<double>(weight(silo)) / static_cast<double>(total_weight());
}

}  // namespace crossilo
