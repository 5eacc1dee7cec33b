#include "sum_pipeline.hpp"

#include "crossilo/base/check.hpp"
#include "device_level.hpp"
#include "window_level.hpp"

namespace crossilo {
namespace {

template <class Byte>
auto as_u32(Byte* words, std::size_t count) {
  using Word = std::conditional_t<std::is_const_v<Byte>, const std::uint32_t, std::uint32_t>;
  return std::span(reinterpret_cast<Word*>(words), count);
}
template <class Byte>
auto as_u64(Byte* words, std::size_t count) {
  using Word = std::conditional_t<std::is_const_v<Byte>, const std::uint64_t, std::uint64_t>;
  return std::span(reinterpret_cast<Word*>(words), count);
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

RingSum::Pipeline::Pipeline(Communicator& communicator, SumAgreement agreement, const Deadline& deadline)
    : communicator_(communicator),
      shape_(std::move(agreement.shape)),
      flat_(SumShape::flat(communicator.size())),
      flat_words_max_(agreement.chunking.flat_words_max),
      chunk_words_(agreement.chunking.chunk_words),
      slots_(agreement.chunking.slots),
      levels_{MessageLevel(communicator, 0, slots_), MessageLevel(communicator, 1, slots_)} {
  std::vector<int> node = ranks_of_node(shape_, communicator.rank());
  if (agreement.joins_devices)
    node_ = std::make_unique<DeviceLevel>(communicator, slots_, std::move(node), chunk_words_, deadline);
  else
    node_ = std::make_unique<WindowLevel>(communicator, slots_, std::move(node), chunk_words_, deadline);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) slots_[slot].words = node_->memory_of(slot);
  prepare(chunk_words_, WordType::u32);
}

const SumPlan& RingSum::Pipeline::plan_for(std::size_t words, WordType type) {
  const bool goes_flat = words * size_of(type) <= flat_words_max_ * sizeof(std::uint32_t);
  auto kept = std::ranges::find_if(
      plans_, [&](const auto& one) { return one->plan.words == words && one->goes_flat == goes_flat; });
  if (kept == plans_.end())
    kept = plans_.insert(kept, std::make_unique<KeptPlan>(KeptPlan{
                                   goes_flat, plan_sum(goes_flat ? flat_ : shape_, communicator_.rank(), words)}));
  return (*kept)->plan;
}

void RingSum::Pipeline::prepare(std::size_t words, WordType type) {
  if (words == 0) return;
  const SumPlan& plan = plan_for(words, type);
  for (MessageLevel& level : levels_) level.reserve(plan, type);
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
  // The sum before it is through: all totals were taken, and nothing of them is under way.
  CROSSILO_ASSERT(taken_ == end_ && levels_[0].left() == end_ && levels_[1].left() == end_);
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
    prepare(count, WordType::u64);
  for (const std::size_t count : {std::min(words, chunk_words_), words % chunk_words_}) prepare(count, WordType::u32);
  node_->begin(end_);
}

/// Totals come straight from where the node's level has them.
RingTotals RingSum::Pipeline::next() {
  for (;;) {
    if (!has_totals_) poll_until(communicator_, deadline_, [&] { return look(); });
    if (!has_totals_) return {};
    while (slices_ < chunk(taken_).plan->node.size())
      if (const RingTotals totals = slice_at(taken_, slices_++); !totals.empty()) return totals;
    slices_ = 0;
    has_totals_ = false;
    node_->take(++taken_);
  }
}

RingTotals RingSum::Pipeline::slice_at(std::uint64_t number, std::size_t member) const {
  const SumChunk& what = slots_[number % slots_.size()];
  const WordRange slice = what.plan->slice(member);
  const std::byte* const total = node_->words_of(number, member) + slice.begin * size_of(what.type);
  if (what.type == WordType::u64) return {.statistics = as_u64(total, slice.words())};
  return {.words = as_u32(total, slice.words())};
}

std::uint64_t RingSum::Pipeline::bytes_sent() const noexcept {
  return node_bytes_ + levels_[0].bytes_sent() + levels_[1].bytes_sent();
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
  if (published_ == open_ || !node_->may_give(published_)) return false;
  const SumChunk& what = chunk(published_);
  const std::size_t words = what.plan->words;
  if (what.type == WordType::u64)
    source_->give(as_u64(what.words, words));
  else
    source_->give(as_u32(what.words, words));
  const std::size_t own = what.plan->own_slice().words();
  node_bytes_ += (words - own + own * (what.plan->node.size() - 1)) * size_of(what.type);
  ++published_;
  return true;
}

bool RingSum::Pipeline::exchange() {
  auto& [between_nodes, between_sites] = levels_;
  bool moved = node_->advance_up(published_);
  moved |= between_nodes.advance_up(open_, node_->added());
  moved |= between_sites.advance_up(open_, between_nodes.added());
  moved |= between_sites.advance_down(between_sites.added());
  moved |= between_nodes.advance_down(between_sites.spread());
  moved |= node_->advance_down(between_nodes.spread());
  return moved;
}

WaitProgress RingSum::Pipeline::look() {
  WaitProgress progress;
  progress.moved = open() | publish() | exchange();
  has_totals_ = taken_ < node_->spread();
  progress.finished = has_totals_ || (taken_ == end_ && levels_[0].left() == end_ && levels_[1].left() == end_);
  if (!progress.finished && !progress.moved) progress.awaited_rank = awaited_rank();
  return progress;
}

/// Who is lost holds the others up: those come first who surely owe something themselves.
int RingSum::Pipeline::awaited_rank() const {
  const auto& [between_nodes, between_sites] = levels_;
  for (const int rank : {node_->owing_contribution(published_), between_nodes.owing_contribution(node_->added()),
                         between_sites.owing_contribution(between_nodes.added()), between_sites.owing_total(),
                         between_nodes.owing_total()})
    if (rank >= 0) return rank;
  return node_->owing_total();
}

}  // namespace crossilo
