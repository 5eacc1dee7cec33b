#include "crossilo/comm/ring_sum.hpp"

#include <algorithm>
#include <sstream>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// A shard, cut into segments of at most `segment_words` words.
template <class Word>
struct Shard {
  std::span<Word> words;
  std::size_t segment_words;

  [[nodiscard]] std::size_t segments() const { return (words.size() + segment_words - 1) / segment_words; }
  [[nodiscard]] std::span<Word> segment(std::size_t index) const {
    const std::size_t begin = index * segment_words;
    return words.subspan(begin, std::min(segment_words, words.size() - begin));
  }
};

template <class Word>
void add(std::span<Word> total, const Word* __restrict contribution) {
  Word* __restrict into = total.data();
  const std::size_t count = total.size();
  for (std::size_t i = 0; i < count; ++i) into[i] += contribution[i];
}

}  // namespace

template <class Word>
struct RingSum::Sum {
  RingSum& ring;
  std::span<Word> words;

  /// Rank r owns words [r * n / size, (r + 1) * n / size).
  [[nodiscard]] Shard<Word> shard_of(int rank) const {
    const auto size = static_cast<std::size_t>(ring.communicator_.size());
    const auto begin_of = [&](std::size_t r) { return words.size() / size * r + std::min(r, words.size() % size); };
    const std::size_t begin = begin_of(static_cast<std::size_t>(rank));
    const std::size_t end = begin_of(static_cast<std::size_t>(rank) + 1);
    return {words.subspan(begin, end - begin), ring.options_.segment_words};
  }

  [[nodiscard]] bool has_room(const Lane& lane) const { return lane.started - lane.done < lane.requests.size(); }

  /// Retires the oldest requests of a lane that are complete.
  bool retire(Lane& lane) {
    bool moved = false;
    while (lane.done < lane.started && ring.communicator_.test(lane.requests[lane.done % lane.requests.size()])) {
      ++lane.done;
      moved = true;
    }
    return moved;
  }

  void start_send(Lane& lane, std::span<const Word> segment, Peer to) {
    lane.requests[lane.started++ % lane.requests.size()] = ring.communicator_.start_send(segment, to);
    ring.bytes_sent_ += segment.size_bytes();
  }

  void start_receive(Lane& lane, std::span<Word> segment, Peer from) {
    lane.requests[lane.started++ % lane.requests.size()] = ring.communicator_.start_receive(segment, from);
  }

  /// Where a contribution arrives.
  [[nodiscard]] Word* buffer(std::size_t exchange, std::size_t segment) const {
    const std::size_t in_flight = ring.options_.segments_in_flight;
    const std::size_t place = exchange * in_flight + segment % in_flight;
    return reinterpret_cast<Word*>(ring.receive_buffer_.data()) + place * ring.options_.segment_words;
  }

  /// My words of the peer's shard go out; its total comes back into the same place, once they have left it.
  bool exchange_peers_shard(Exchange& peer) {
    const Shard<Word> shard = shard_of(peer.rank);
    bool moved = retire(peer.send_contribution) | retire(peer.receive_total);
    while (peer.send_contribution.started < shard.segments() && has_room(peer.send_contribution))
      start_send(peer.send_contribution, shard.segment(peer.send_contribution.started),
                 {peer.rank, ReservedTag::ring_contribution});
    while (peer.receive_total.started < peer.send_contribution.done && has_room(peer.receive_total))
      start_receive(peer.receive_total, shard.segment(peer.receive_total.started),
                    {peer.rank, ReservedTag::ring_total});
    return moved;
  }

  /// The peer's words of my shard come in and are added.
  bool receive_contributions(std::size_t exchange) {
    Lane& lane = ring.exchanges_[exchange].receive_contribution;
    const Shard<Word> shard = shard_of(ring.communicator_.rank());
    bool moved = false;
    while (lane.done < lane.started && ring.communicator_.test(lane.requests[lane.done % lane.requests.size()])) {
      add<Word>(shard.segment(lane.done), buffer(exchange, lane.done));
      ++lane.done;
      moved = true;
    }
    while (lane.started < shard.segments() && has_room(lane))
      start_receive(lane, {buffer(exchange, lane.started), shard.segment(lane.started).size()},
                    {ring.exchanges_[exchange].rank, ReservedTag::ring_contribution});
    return moved;
  }

  /// Segments of my shard to which everybody has contributed go back to the peer.
  bool send_totals(Exchange& peer) {
    const Shard<Word> shard = shard_of(ring.communicator_.rank());
    std::size_t complete = shard.segments();
    for (const Exchange& other : ring.exchanges_) complete = std::min(complete, other.receive_contribution.done);
    const bool moved = retire(peer.send_total);
    while (peer.send_total.started < complete && has_room(peer.send_total))
      start_send(peer.send_total, shard.segment(peer.send_total.started), {peer.rank, ReservedTag::ring_total});
    return moved;
  }

  /// Segments that were completed with a peer, and all that there are.
  [[nodiscard]] std::size_t segments_done(const Exchange& peer) const {
    return peer.send_contribution.done + peer.receive_contribution.done + peer.send_total.done +
           peer.receive_total.done;
  }
  [[nodiscard]] std::size_t segments_due(const Exchange& peer) const {
    return 2 * (shard_of(peer.rank).segments() + shard_of(ring.communicator_.rank()).segments());
  }

  WaitProgress look() {
    WaitProgress progress{.finished = true};
    std::size_t least_done = ~std::size_t{0};
    for (std::size_t i = 0; i < ring.exchanges_.size(); ++i) {
      Exchange& peer = ring.exchanges_[i];
      progress.moved |= receive_contributions(i) | send_totals(peer) | exchange_peers_shard(peer);
      const std::size_t done = segments_done(peer);
      if (done == segments_due(peer)) continue;
      progress.finished = false;
      // Who is lost holds the others up, who then lack totals: the peer that did least is the one to name.
      if (done < least_done) {
        least_done = done;
        progress.awaited_rank = peer.rank;
      }
    }
    return progress;
  }
};

RingSum::RingSum(Communicator& communicator, Options options) : communicator_(communicator), options_(options) {
  CROSSILO_ASSERT(options.segment_words >= 1 && options.segments_in_flight >= 1);
  CROSSILO_ASSERT(options.segment_words <= Communicator::kMessageWordsMax);
  const int size = communicator.size();
  for (int step = 1; step < size; ++step) {
    Exchange& exchange = exchanges_.emplace_back();
    exchange.rank = (communicator.rank() + step) % size;
    for (Lane* lane :
         {&exchange.send_contribution, &exchange.receive_contribution, &exchange.send_total, &exchange.receive_total})
      lane->requests.resize(options.segments_in_flight);
  }
  receive_buffer_.resize(exchanges_.size() * options.segments_in_flight * options.segment_words *
                         sizeof(std::uint64_t));
}

template <class Word>
void RingSum::sum_words(std::span<Word> words, const Deadline& deadline) {
  for (Exchange& exchange : exchanges_) {
    for (Lane* lane :
         {&exchange.send_contribution, &exchange.receive_contribution, &exchange.send_total, &exchange.receive_total})
      lane->started = lane->done = 0;
  }
  Sum<Word> sum{*this, words};
  poll_until(communicator_, deadline, [&] { return sum.look(); });
}

void RingSum::sum(std::span<std::uint32_t> words, const Deadline& deadline) { sum_words(words, deadline); }
void RingSum::sum(std::span<std::uint64_t> words, const Deadline& deadline) { sum_words(words, deadline); }

template <class Word>
void RingSum::check_wrapping(const Deadline& deadline) {
  // Crosses several segments and is no multiple of a vector register; every word overflows with two ranks or more.
  const std::size_t count = 2 * options_.segment_words * exchanges_.size() + 13;
  const auto word_of = [](int rank, std::size_t i) {
    return static_cast<Word>(~Word{0} - static_cast<Word>(i) * static_cast<Word>(rank + 1));
  };
  std::vector<Word> words(count);
  for (std::size_t i = 0; i < count; ++i) words[i] = word_of(communicator_.rank(), i);
  sum(std::span<Word>(words), deadline);
  for (std::size_t i = 0; i < count; ++i) {
    Word expected = 0;
    for (int rank = 0; rank < communicator_.size(); ++rank) expected = static_cast<Word>(expected + word_of(rank, i));
    if (words[i] == expected) continue;
    std::ostringstream text;
    text << "self-test of the sum on host " << host_name() << " (rank " << communicator_.rank() << "): word " << i
         << " of " << sizeof(Word) << " bytes is " << words[i] << ", expected " << expected
         << "; sums on this machine or over this network cannot be trusted, take it out of the federation";
    throw EnvironmentError(text.str());
  }
}

void RingSum::check_byte_order(const Deadline& deadline) {
  const std::uint64_t mine = 0x0102030405060708u;
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator_.size()));
  all_gather(communicator_, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)), deadline);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] == mine) continue;
    throw EnvironmentError("self-test of the sum: " + communicator_.peer_name(static_cast<int>(rank)) +
                           " stores integers in another byte order than host " + host_name() +
                           "; use machines of one byte order");
  }
}

void RingSum::self_test(const Deadline& deadline) {
  check_byte_order(deadline);
  check_wrapping<std::uint32_t>(deadline);
  check_wrapping<std::uint64_t>(deadline);
}

}  // namespace crossilo
