#include "crossilo/comm/ring_sum.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "crossilo/base/check.hpp"
#include "crossilo/base/log.hpp"
#include "sum_pipeline.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kWindowWordsMin = 256;
constexpr std::size_t kSharedWordsMin = std::size_t{1} << 18;    // less room would slow all ranks down, not this node
constexpr std::size_t kPayloadWordsMin = 4096;                   // a small model's statistics pass in a chunk or two
constexpr std::size_t kLinkMessageWords = std::size_t{1} << 13;  // many short messages fill a long link
constexpr std::size_t kLinkWords = std::size_t{1} << 23;         // 32 MB: several times what 1 Gbit/s holds over 100 ms

/// What a rank tells of the memory that it could share, and of its GPU.
struct RankMemory {
  std::int32_t node = 0;
  std::uint16_t shares = 0;
  std::uint16_t has_device = 0;
  std::uint64_t bytes_free = 0;
};

std::vector<RankMemory> gather_memory(Communicator& communicator, const RingSum::Options& options,
                                      const Deadline& deadline) {
  const RankMemory own{.node = communicator.node(),
                       .shares = static_cast<std::uint16_t>(options.shares_memory),
                       .has_device = static_cast<std::uint16_t>(options.has_device),
                       .bytes_free = communicator.window_bytes_free()};
  std::vector<RankMemory> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)), deadline);
  return all;
}

/// Words of a region that each rank of the machine may have; a fifth of the room is left to others.
std::size_t window_words_free(const std::vector<RankMemory>& memory, std::size_t rank) {
  const auto ranks = static_cast<std::uint64_t>(std::ranges::count(memory, memory[rank].node, &RankMemory::node));
  return memory[rank].bytes_free / 5 * 4 / ranks / sizeof(std::uint32_t);
}

/// Whether all ranks of a site, two or more, have a GPU, by the site of each rank.
std::vector<bool> joined_by_devices(const std::vector<RankMemory>& memory, const std::vector<int>& site_of_rank) {
  std::map<int, std::size_t> ranks;
  std::map<int, std::size_t> devices;
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    ++ranks[site_of_rank[rank]];
    devices[site_of_rank[rank]] += memory[rank].has_device;
  }
  std::vector<bool> joined;
  for (const int site : site_of_rank) joined.push_back(ranks[site] > 1 && devices[site] == ranks[site]);
  return joined;
}

/// Vectors in memory.
class SpanSource final : public RingSource {
 public:
  SpanSource(std::span<const std::uint64_t> statistics, std::span<const std::uint32_t> words)
      : statistics_(statistics), words_(words) {}
  void give(std::span<std::uint32_t> out) override { move_on(words_, out); }
  void give(std::span<std::uint64_t> out) override { move_on(statistics_, out); }

 private:
  template <class Word>
  static void move_on(std::span<const Word>& words, std::span<Word> out) {
    std::ranges::copy(words.first(out.size()), out.begin());
    words = words.subspan(out.size());
  }
  std::span<const std::uint64_t> statistics_;
  std::span<const std::uint32_t> words_;
};

}  // namespace

SumAgreement agree_on_sum(Communicator& communicator, const RingSum::Options& options, const Deadline& deadline) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  SumAgreement agreement;
  agreement.shape.site_of_rank = options.site_of_rank;
  if (options.site_of_rank.empty()) agreement.shape.site_of_rank.assign(ranks, 0);
  CROSSILO_ASSERT(agreement.shape.site_of_rank.size() == ranks);
  const std::vector<RankMemory> memory = gather_memory(communicator, options, deadline);
  const std::vector<bool> joined = joined_by_devices(memory, agreement.shape.site_of_rank);

  const std::size_t window_words_wanted = std::max(options.window_words, kWindowWordsMin);
  std::size_t window_words = window_words_wanted;
  std::map<std::pair<int, int>, int> first_rank;  // of a node's ranks that are of one site
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::size_t free = window_words_free(memory, rank);
    const bool wants_to_share = memory[rank].shares != 0 && !joined[rank];
    const bool shares = wants_to_share && free >= std::min(window_words_wanted, kSharedWordsMin);
    const auto own = static_cast<int>(rank);
    const int alone = -own - 1;
    constexpr int kJoined = std::numeric_limits<int>::min();
    const std::pair key{joined[rank] ? kJoined
                        : shares     ? memory[rank].node
                                     : alone,
                        agreement.shape.site_of_rank[rank]};
    agreement.shape.node_of_rank.push_back(first_rank.emplace(key, own).first->second);
    if (shares && agreement.shape.node_of_rank.back() != own) window_words = std::min(window_words, free);
    const bool has_neighbours = std::ranges::count(memory, memory[rank].node, &RankMemory::node) > 1;
    if (wants_to_share && !shares && has_neighbours && own == communicator.rank())
      log_warning("too little shared memory is free (" + std::to_string(memory[rank].bytes_free >> 20) +
                  " MB in /dev/shm): this rank exchanges messages with its neighbours instead, which is slower");
    if (shares && has_neighbours && free < options.window_words && own == communicator.rank())
      log_warning("little shared memory is free (" + std::to_string(memory[rank].bytes_free >> 20) +
                  " MB in /dev/shm, for all ranks here): so much less is under way in every sum (" +
                  std::to_string(free * sizeof(std::uint32_t) >> 10) + " KB a rank, " +
                  std::to_string(options.window_words * sizeof(std::uint32_t) >> 10) +
                  " KB are wanted), which is slower over long links");
  }
  agreement.joins_devices = joined[static_cast<std::size_t>(communicator.rank())];
  RingSum::Options agreed = options;
  agreed.has_device = agreement.joins_devices;  // read where all ranks are one node, so alike
  agreement.chunking = chunking_of(agreement.shape, agreed, window_words);
  return agreement;
}

RingSum::Options RingSum::Options::for_payload(std::size_t words, std::vector<int> site_of_rank) {
  Options options;
  const bool has_link = std::ranges::any_of(site_of_rank, [&](int site) { return site != site_of_rank.front(); });
  if (has_link) options.message_words = kLinkMessageWords;
  options.window_words = std::clamp(words, kPayloadWordsMin, has_link ? kLinkWords : options.window_words);
  options.site_of_rank = std::move(site_of_rank);
  return options;
}

RingSum::RingSum(Communicator& communicator, Options options, const Deadline& deadline)
    : pipeline_(std::make_unique<Pipeline>(communicator, agree_on_sum(communicator, options, deadline), deadline)) {}

RingSum::~RingSum() = default;

void RingSum::start(std::size_t statistics, std::size_t words, RingSource& source, const Deadline& deadline) {
  pipeline_->start(statistics, words, source, deadline);
}

RingTotals RingSum::next() { return pipeline_->next(); }

void RingSum::sum(std::span<std::uint64_t> statistics, std::span<std::uint32_t> words, const Deadline& deadline) {
  SpanSource source(statistics, words);
  start(statistics.size(), words.size(), source, deadline);
  auto statistic = statistics.begin();
  auto word = words.begin();
  for (RingTotals totals = next(); !totals.empty(); totals = next()) {
    statistic = std::ranges::copy(totals.statistics, statistic).out;
    word = std::ranges::copy(totals.words, word).out;
  }
}

void RingSum::sum(std::span<std::uint32_t> words, const Deadline& deadline) { sum({}, words, deadline); }
void RingSum::sum(std::span<std::uint64_t> words, const Deadline& deadline) { sum(words, {}, deadline); }

void RingSum::measure(LinkMeter* meter) noexcept { pipeline_->measure(meter); }
std::uint64_t RingSum::bytes_sent() const noexcept { return pipeline_->bytes_sent(); }
const SumShape& RingSum::shape() const noexcept { return pipeline_->shape(); }

}  // namespace crossilo
