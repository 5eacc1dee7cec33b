// Aim: sums of statistics alone, through the same stages as a training round.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "crossilo/round/sum_hosted.hpp"
#include "crossilo/round/sum_session.hpp"

namespace crossilo {

/// Fills in the statistics of the `index`-th hosted silo.
using FillStatistics = std::function<void(std::size_t index, std::span<double> statistics)>;

/// A readable total, with the ticket it was opened under.
struct StatisticsTotal {
  RoundTicket ticket;
  std::vector<double> statistics;  // the leading ones, then the caller's
  [[nodiscard]] std::span<const double> own() const { return std::span(statistics).subspan(kFirstFreeStatistic); }
};

/// The sum of `specs` over all silos of the cohort. Collective.
/// Throws: DataError that names a statistic beyond its bound; PeerLostError.
[[nodiscard]] StatisticsTotal sum_statistics(SumSession& session, std::span<Silo* const> silos,
                                             const OpenRequest& request, std::vector<StatisticSpec> specs,
                                             const FillStatistics& fill);

}  // namespace crossilo
