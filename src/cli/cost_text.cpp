#include "cost_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "crossilo/io/text.hpp"
#include "text_table.hpp"

namespace crossilo {
namespace {

const char* name_of(CostBound bound) {
  switch (bound) {
    case CostBound::training:
      return "training";
    case CostBound::cores:
      return "cores";
    case CostBound::node_memory:
      return "memory of a node";
    case CostBound::lan:
      return "network of a site";
    case CostBound::uplink:
      return "uplink";
    case CostBound::socket_buffer:
      return "socket buffers";
    case CostBound::latency:
      return "latency";
  }
  return "";
}

/// What would change it.
std::string remedy(const RoundCase& planned, CostBound bound) {
  const char* const narrower = planned.lane_bits == 32 ? ", or --lane_bits 16, which halves the bytes" : "";
  switch (bound) {
    case CostBound::training:
      return "less local work a round, or faster processors, change it";
    case CostBound::cores:
      return planned.cores_per_node > 0 ? "more cores a node, or fewer silos on it, change it"
                                        : "each silo has a core of its own: only a faster one changes it";
    case CostBound::node_memory:
      return "fewer silos on a node, or more cores, change it";
    case CostBound::lan:
      return fmt::format("a faster --lan, or fewer nodes a site, change it{}", narrower);
    case CostBound::uplink:
      return fmt::format("a faster --uplink changes it{}", narrower);
    case CostBound::socket_buffer:
      return "one connection holds no more under way: larger net.core.rmem_max and wmem_max on all hosts, or more "
             "silos a site, change it";
    case CostBound::latency:
      return "more bandwidth does not help; fewer rounds with more local work do";
  }
  return "";
}

std::string seconds_text(double seconds) { return fmt::format("{:.4f}", seconds); }

std::size_t silos_of(const RoundCase& planned) {
  return std::accumulate(planned.silos_of_site.begin(), planned.silos_of_site.end(), std::size_t{0});
}

std::uint64_t largest(const std::vector<std::uint64_t>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

double gb_per_s(const PlannedCost& one) { return 4e-9 * static_cast<double>(one.planned.parameters) / one.cost.total; }

std::string heading(const RoundCase& planned) {
  std::string text = fmt::format("a round of {} silos at {} site{} ({}), {} parameters, {} bits, {}\n",
                                 silos_of(planned), planned.silos_of_site.size(),
                                 planned.silos_of_site.size() == 1 ? "" : "s", fmt::join(planned.silos_of_site, ", "),
                                 planned.parameters, planned.lane_bits, planned.is_masked ? "masked" : "not masked");
  if (planned.silos_of_site.size() > 1)
    text += fmt::format("  uplink {:g} Mbit/s, {:g} ms there and back\n", planned.uplink_bits / 1e6,
                        1e3 * planned.round_trip_seconds);
  return text;
}

}  // namespace

std::string cost_text(const PlannedCost& one) {
  const RoundCost& cost = one.cost;
  std::vector<TextRow> rows{{"phase", "seconds", "bound by"}};
  if (cost.train > 0.0) rows.push_back({"train", seconds_text(cost.train), "as given"});
  rows.push_back({"encode", seconds_text(cost.encode), name_of(CostBound::cores)});
  if (one.planned.is_masked) rows.push_back({"mask", seconds_text(cost.mask), name_of(CostBound::cores)});
  rows.push_back({"sum inside a node", seconds_text(cost.node), name_of(CostBound::node_memory)});
  if (cost.nodes > 0.0) rows.push_back({"between nodes of a site", seconds_text(cost.nodes), name_of(CostBound::lan)});
  if (cost.sites > 0.0) rows.push_back({"across sites", seconds_text(cost.sites), name_of(cost.sites_bound())});
  rows.push_back({"decode and server step", seconds_text(cost.decode), name_of(CostBound::cores)});
  rows.push_back({"total", seconds_text(cost.total), fmt::format("{:.3g} GB/s of parameters", gb_per_s(one))});
  std::string text = heading(one.planned) + text_table(rows, {false, true, false});
  if (cost.sites > 0.0 || cost.nodes > 0.0)
    text += "  (what the cores and the networks do goes on at once; the total has the slowest)\n";
  if (cost.sites > 0.0)
    text += fmt::format("a site sends {} and receives {} (the busiest site); a rank sends {} messages\n",
                        readable_bytes(static_cast<double>(largest(cost.traffic.sent_of_site))),
                        readable_bytes(static_cast<double>(largest(cost.traffic.received_of_site))),
                        cost.traffic.rank_messages_max);
  return text + fmt::format("What binds: {}; {}.\n", name_of(cost.binding), remedy(one.planned, cost.binding));
}

nlohmann::ordered_json cost_json(const PlannedCost& one) {
  const RoundCost& cost = one.cost;
  nlohmann::ordered_json seconds;
  if (cost.train > 0.0) seconds["train"] = cost.train;
  seconds["encode"] = cost.encode;
  seconds["mask"] = cost.mask;
  seconds["sum_in_node"] = cost.node;
  seconds["sum_between_nodes"] = cost.nodes;
  seconds["sum_across_sites"] = cost.sites;
  seconds["sum"] = cost.sum();
  seconds["decode"] = cost.decode;
  seconds["total"] = cost.total;
  return {{"silos_of_site", one.planned.silos_of_site},
          {"parameters", one.planned.parameters},
          {"seconds", seconds},
          {"gb_per_s", gb_per_s(one)},
          {"bytes_sent_of_site", cost.traffic.sent_of_site},
          {"bytes_received_of_site", cost.traffic.received_of_site},
          {"messages_of_a_rank", cost.traffic.rank_messages_max},
          {"chunks", cost.traffic.chunks},
          {"chunk_words", cost.traffic.chunking.chunk_words},
          {"binding", name_of(cost.binding)},
          {"remedy", remedy(one.planned, cost.binding)}};
}

}  // namespace crossilo
