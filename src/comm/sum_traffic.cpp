#include "crossilo/comm/sum_traffic.hpp"

#include <algorithm>
#include <map>

namespace crossilo {
namespace {

constexpr std::size_t kLineWords = 16;
constexpr std::size_t kNodeWords = std::size_t{1} << 18;  // eight regions of 1 MB stay in a cache; measured

bool is_one_node(const SumShape& shape) {
  return std::ranges::count(shape.node_of_rank, shape.node_of_rank.front()) == std::ssize(shape.node_of_rank);
}

/// Adds up the messages of `times` chunks that have the same plan.
class TrafficCount {
 public:
  explicit TrafficCount(const SumShape& shape) : shape_(shape), messages_(shape.ranks(), 0) {}

  void add(const SumPlan& plan, int rank, std::uint64_t times) {
    for (const std::vector<SumCell>& level : plan.levels)
      for (const SumCell& cell : level)
        for (std::size_t k = 0; k < cell.owners.size(); ++k)
          if (k != cell.own) add(cell, k, rank, times);
  }

  void write(SumTraffic& traffic) const {
    for (const auto& [site, bytes] : sent_of_site_) {
      traffic.sent_of_site.push_back(bytes);
      traffic.received_of_site.push_back(received_of_site_.at(site));
    }
    for (const auto* nodes : {&sent_of_node_, &received_of_node_})
      for (const auto& [node, bytes] : *nodes) traffic.node_bytes_max = std::max(traffic.node_bytes_max, bytes);
    for (const auto& [pair, bytes] : pairs_) traffic.pair_bytes_max = std::max(traffic.pair_bytes_max, bytes);
    traffic.rank_messages_max = *std::ranges::max_element(messages_);
  }

 private:
  /// The contribution to the peer's part, and the total of the own part; empty parts are no message.
  void add(const SumCell& cell, std::size_t k, int rank, std::uint64_t times) {
    const auto from = static_cast<std::size_t>(rank);
    const auto to = static_cast<std::size_t>(cell.owners[k]);
    for (const std::size_t words : {cell.part(k).words(), cell.own_part().words()}) {
      if (words == 0) continue;
      const std::uint64_t bytes = times * words * sizeof(std::uint32_t);
      messages_[from] += times;
      if (shape_.site_of_rank[from] != shape_.site_of_rank[to]) {
        sent_of_site_[shape_.site_of_rank[from]] += bytes;
        received_of_site_[shape_.site_of_rank[to]] += bytes;
        pairs_[{from, to}] += bytes;
      } else if (shape_.node_of_rank[from] != shape_.node_of_rank[to]) {
        sent_of_node_[shape_.node_of_rank[from]] += bytes;
        received_of_node_[shape_.node_of_rank[to]] += bytes;
      }
    }
  }

  const SumShape& shape_;
  std::vector<std::uint64_t> messages_;
  std::map<int, std::uint64_t> sent_of_site_, received_of_site_, sent_of_node_, received_of_node_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> pairs_;
};

}  // namespace

SumChunking chunking_of(const SumShape& shape, const RingSum::Options& options, std::size_t window_words) {
  const bool has_one_node = is_one_node(shape);  // two steps do there, and no message
  if (has_one_node && !options.has_device) window_words = std::min(window_words, kNodeWords);
  const std::size_t wanted = std::max<std::size_t>(1, options.message_words) * parts_of(shape);
  const std::size_t chunk_words =
      std::clamp<std::size_t>(wanted, kLineWords, window_words / 2) / kLineWords * kLineWords;
  return {.chunk_words = chunk_words,
          .slots = window_words / chunk_words,
          .flat_words_max = has_one_node ? 0 : options.flat_words_max};
}

SumTraffic sum_traffic(const SumShape& shape, std::size_t words) {
  const RingSum::Options options = RingSum::Options::for_payload(words, shape.site_of_rank);
  SumTraffic traffic{.chunking = chunking_of(shape, options, options.window_words)};
  const std::size_t chunk_words = traffic.chunking.chunk_words;
  traffic.chunks = (words + chunk_words - 1) / chunk_words;
  TrafficCount count(shape);
  const auto add = [&](std::size_t length, std::uint64_t times) {
    if (length == 0 || times == 0) return;
    const bool goes_flat = length <= traffic.chunking.flat_words_max;
    const SumShape used = goes_flat ? SumShape::flat(static_cast<int>(shape.ranks())) : shape;
    for (int rank = 0; rank < static_cast<int>(shape.ranks()); ++rank)
      count.add(plan_sum(used, rank, length), rank, times);
  };
  add(chunk_words, words / chunk_words);
  add(words % chunk_words, 1);
  count.write(traffic);
  return traffic;
}

}  // namespace crossilo
