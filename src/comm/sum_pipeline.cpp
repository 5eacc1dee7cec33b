#include "sum_pipeline.hpp"

#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

std::span<std::uint32_t> as_u32(std::byte* words, std::size_t count) {
  return {reinterpret_cast<std::uint32_t*>(words), count};
}
std::span<std::uint64_t> as_u64(std::byte* words, std::size_t count) {
  return {reinterpret_cast<std::uint64_t*>(words), count};
}

std::size_t chunks_of(std::size_t words, std::size_t chunk_words) { return (words + chunk_words - 1) / chunk_words; }

std::vector<int> ranks_of_node(const SumShape& shape, int rank) {
  std::vector<int> ranks;
  for (std::size_t other = 0; other < shape.ranks(); ++other)
    if (shape.node_of_rank[other] == shape.node_of_rank[static_cast<std::size_t>(rank)])
      ranks.push_back(static_cast<int>(other));
  return ranks;
}

}  // namespace

RingSum::Pipeline::Pipeline(Communicator& communicator, SumAgreement agreement)
    : communicator_(communicator),
      shape_(std::move(agreement.shape)),
      flat_(SumShape::flat(communicator.size())),
      flat_words_max_(agreement.chunking.flat_words_max),
      chunk_words_(agreement.chunking.chunk_words),
      slots_(agreement.chunking.slots),
      node_(ranks_of_node(shape_, communicator.rank())),
      window_(communicator.open_node_window(node_, slots_.size() * chunk_words_ * sizeof(std::uint32_t))),
      levels_{MessageLevel(communicator, 0, slots_), MessageLevel(communicator, 1, slots_)} {
  const std::size_t member = static_cast<std::size_t>(std::ranges::find(node_, communicator.rank()) - node_.begin());
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    slots_[slot].words = window_->region(member).data() + slot * chunk_words_ * sizeof(std::uint32_t);
  (void)plan_for(chunk_words_, WordType::u32);
}

const SumPlan& RingSum::Pipeline::plan_for(std::size_t words, WordType type) {
  const bool goes_flat = words * size_of(type) <= flat_words_max_ * sizeof(std::uint32_t);
  for (const std::unique_ptr<KeptPlan>& kept : plans_)
    if (kept->plan.words == words && kept->goes_flat == goes_flat) return kept->plan;
  plans_.push_back(std::make_unique<KeptPlan>(
      KeptPlan{goes_flat, plan_sum(goes_flat ? flat_ : shape_, communicator_.rank(), words)}));
  for (MessageLevel& level : levels_) level.reserve(plans_.back()->plan);
  return plans_.back()->plan;
}

std::byte* RingSum::Pipeline::words_of(std::uint64_t number, std::size_t member) const {
  const SumChunk& what = slots_[number % slots_.size()];
  if (what.plan->node.size() == 1) return what.words;
  return window_->region(member).data() + number % slots_.size() * chunk_words_ * sizeof(std::uint32_t);
}

/// Statistics come first, then words; the last chunk of each may be short.
void RingSum::Pipeline::describe(std::uint64_t number) {
  const std::size_t wide = chunk_words_ / 2;  // words of 64 bits in a chunk
  const std::size_t index = number - begin_;
  const std::size_t before = chunks_of(statistics_, wide);
  SumChunk& what = chunk(number);
  what.type = index < before ? WordType::u64 : WordType::u32;
  const std::size_t capacity = index < before ? wide : chunk_words_;
  const std::size_t first = (index < before ? index : index - before) * capacity;
  what.plan = &plan_for(std::min(capacity, (index < before ? statistics_ : words_) - first), what.type);
}

void RingSum::Pipeline::start(std::size_t statistics, std::size_t words, RingSource& source, const Deadline& deadline) {
  CROSSILO_ASSERT(taken_ == end_);  // the sum before it is through
  source_ = &source;
  deadline_ = deadline;
  if (meter_ != nullptr) meter_->begin_sum();
  statistics_ = statistics;
  words_ = words;
  begin_ = end_;
  end_ += chunks_of(statistics, chunk_words_ / 2) + chunks_of(words, chunk_words_);
  constexpr std::size_t kPlansKept = 16;
  if (plans_.size() > kPlansKept) plans_.clear();
  // Now that nothing is under way: the plans of all chunks, so that the levels may take room for them.
  for (const std::size_t count : {std::min(statistics, chunk_words_ / 2), statistics % (chunk_words_ / 2)})
    if (count > 0) (void)plan_for(count, WordType::u64);
  for (const std::size_t count : {std::min(words, chunk_words_), words % chunk_words_})
    if (count > 0) (void)plan_for(count, WordType::u32);
}

/// Totals come straight from the regions of those who own them.
RingTotals RingSum::Pipeline::next() {
  for (;;) {
    if (!has_totals_) poll_until(communicator_, deadline_, [&] { return look(); });
    if (!has_totals_) return {};
    while (slices_ < chunk(taken_).plan->node.size())
      if (const RingTotals totals = slice_at(taken_, slices_++); !totals.empty()) return totals;
    slices_ = 0;
    has_totals_ = false;
    window_->post(kTaken, ++taken_);
  }
}

RingTotals RingSum::Pipeline::slice_at(std::uint64_t number, std::size_t member) const {
  const SumChunk& what = slots_[number % slots_.size()];
  const WordRange slice = what.plan->slice(member);
  std::byte* const total = words_of(number, member) + slice.begin * size_of(what.type);
  if (what.type == WordType::u64) return {.statistics = as_u64(total, slice.words())};
  return {.words = as_u32(total, slice.words())};
}

std::uint64_t RingSum::Pipeline::bytes_sent() const noexcept {
  return window_bytes_ + levels_[0].bytes_sent() + levels_[1].bytes_sent();
}

RingSum::Pipeline::Slowest RingSum::Pipeline::slowest(Counter counter) const {
  Slowest slowest{.rank = node_.front(), .chunks = window_->read(0, counter)};
  for (std::size_t member = 1; member < node_.size(); ++member)
    // Each counter is read once: it may move on meanwhile.
    if (const std::uint64_t chunks = window_->read(member, counter); chunks < slowest.chunks)
      slowest = {.rank = node_[member], .chunks = chunks};
  return slowest;
}

bool RingSum::Pipeline::neighbours_have(Counter counter, std::uint64_t number) const {
  const bool has_neighbours = slots_[number % slots_.size()].plan->node.size() > 1;
  return !has_neighbours || slowest(counter).chunks > number;
}

/// Gives the next chunks a slot, once nobody needs what stands there.
bool RingSum::Pipeline::open() {
  if (open_ == end_) return false;
  const std::uint64_t unused = std::min({taken_, levels_[0].left(), levels_[1].left()});
  bool moved = false;
  for (; open_ < std::min(end_, unused + slots_.size()); ++open_, moved = true) describe(open_);
  return moved;
}

/// One chunk at a time, so that what is there already travels on meanwhile.
bool RingSum::Pipeline::publish() {
  if (published_ == open_) return false;
  const SumChunk& what = chunk(published_);
  if (published_ >= slowest(kTaken).chunks + slots_.size()) return false;
  const std::size_t words = what.plan->words;
  if (what.type == WordType::u64)
    source_->give(as_u64(what.words, words));
  else
    source_->give(as_u32(what.words, words));
  const std::size_t own = what.plan->own_slice().words();
  window_bytes_ += (words - own + own * (what.plan->node.size() - 1)) * size_of(what.type);
  window_->post(kPublished, ++published_);
  return true;
}

/// The own slice of all members, in pieces that stay in the first-level cache.
void RingSum::Pipeline::add_slices(std::uint64_t number) {
  constexpr std::size_t kBlockBytes = 8192;
  const SumChunk& what = chunk(number);
  const WordRange slice = what.plan->own_slice();
  const std::size_t members = what.plan->node.size();
  const std::size_t block = kBlockBytes / size_of(what.type);
  for (std::size_t begin = slice.begin; begin < slice.end; begin += block) {
    const std::size_t words = std::min(block, slice.end - begin);
    for (std::size_t step = 1; step < members; ++step) {
      const std::byte* const peer = words_of(number, (what.plan->member + step) % members);
      add_words(what.at(begin), peer + begin * size_of(what.type), words, what.type);
    }
  }
}

bool RingSum::Pipeline::reduce_in_node() {
  bool moved = false;
  for (; reduced_ < published_ && neighbours_have(kPublished, reduced_); moved = true) add_slices(reduced_++);
  return moved;
}

bool RingSum::Pipeline::exchange() {
  auto& [between_nodes, between_sites] = levels_;
  bool moved = between_nodes.advance_up(open_, reduced_);
  moved |= between_sites.advance_up(open_, between_nodes.added());
  moved |= between_sites.advance_down(between_sites.added());
  moved |= between_nodes.advance_down(between_sites.spread());
  if (total_ == between_nodes.spread()) return moved;
  window_->post(kTotal, total_ = between_nodes.spread());
  return true;
}

WaitProgress RingSum::Pipeline::look() {
  WaitProgress progress;
  progress.moved = open() | publish() | reduce_in_node() | exchange();
  has_totals_ = taken_ < total_ && neighbours_have(kTotal, taken_);
  progress.finished = has_totals_ || (taken_ == end_ && levels_[0].left() == end_ && levels_[1].left() == end_);
  if (!progress.finished && !progress.moved) progress.awaited_rank = awaited_rank();
  return progress;
}

/// Who is lost holds the others up: those come first who surely owe something themselves.
int RingSum::Pipeline::awaited_rank() const {
  const auto& [between_nodes, between_sites] = levels_;
  if (reduced_ < published_) return slowest(kPublished).rank;
  for (const int rank :
       {between_nodes.owing_contribution(reduced_), between_sites.owing_contribution(between_nodes.added()),
        between_sites.owing_total(), between_nodes.owing_total()})
    if (rank >= 0) return rank;
  return slowest(taken_ < total_ ? kTotal : kTaken).rank;
}

}  // namespace crossilo
