#include "crossilo/round/statistics_sum.hpp"

#include <utility>

#include "crossilo/update/clip.hpp"
#include "crossilo/update/noise.hpp"
#include "crossilo/update/ring_codec.hpp"

namespace crossilo {

StatisticsTotal sum_statistics(SumSession& session, std::span<Silo* const> silos, const OpenRequest& request,
                               std::vector<StatisticSpec> specs, const FillStatistics& fill) {
  PayloadLayout layout{.lanes = {}, .statistics = leading_statistics()};
  for (StatisticSpec& spec : specs) layout.statistics.push_back(std::move(spec));
  UpdateBuffer update{.parameters = {}, .statistics = std::vector<double>(layout.statistics.size())};
  NoisedSum sum(layout);
  RingCodec codec({.layout = layout, .root = {}});
  const Clip clip(0.0);
  NoNoise no_noise;

  const RoundTicket& ticket = session.open(request);
  std::size_t index = 0;
  NoisedPayload payload = sum_hosted(silos, sum, [&](Silo& silo) {
    fill(index++, std::span(update.statistics).subspan(kFirstFreeStatistic));
    return no_noise(codec.encode(clip(silo.statistics_only(update), ticket), ticket), ticket);
  });
  RingTotal total = session.sum(session.mask(std::move(payload), ticket), ticket);
  StatisticsTotal result{.ticket = ticket, .statistics = std::vector<double>(layout.statistics.size())};
  (void)codec.decode(total, ticket, result.statistics);
  return result;
}

}  // namespace crossilo
