#include <sstream>

#include "crossilo/base/error.hpp"
#include "sum_pipeline.hpp"

namespace crossilo {
namespace {

/// Sums known vectors that must wrap.
template <class Word>
void check_wrapping(Communicator& communicator, RingSum& ring_sum, std::size_t chunk_words, const Deadline& deadline) {
  // Crosses several chunks and is no multiple of a vector register; every word overflows with two ranks or more.
  const std::size_t count = 2 * chunk_words + 13;
  const auto word_of = [](int rank, std::size_t i) {
    return static_cast<Word>(~Word{0} - static_cast<Word>(i) * static_cast<Word>(rank + 1));
  };
  std::vector<Word> words(count);
  for (std::size_t i = 0; i < count; ++i) words[i] = word_of(communicator.rank(), i);
  ring_sum.sum(std::span<Word>(words), deadline);
  for (std::size_t i = 0; i < count; ++i) {
    Word expected = 0;
    for (int rank = 0; rank < communicator.size(); ++rank) expected = static_cast<Word>(expected + word_of(rank, i));
    if (words[i] == expected) continue;
    std::ostringstream text;
    text << "self-test of the sum on host " << host_name() << " (rank " << communicator.rank() << "): word " << i
         << " of " << sizeof(Word) << " bytes is " << words[i] << ", expected " << expected
         << "; sums on this machine or over this network cannot be trusted, take it out of the federation; where GPUs "
            "sum, try  --topology.sum_on memory  first";
    throw EnvironmentError(text.str());
  }
}

void check_byte_order(Communicator& communicator, const Deadline& deadline) {
  const std::uint64_t mine = 0x0102030405060708u;
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)), deadline);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] == mine) continue;
    throw EnvironmentError("self-test of the sum: " + communicator.peer_name(static_cast<int>(rank)) +
                           " stores integers in another byte order than host " + host_name() +
                           "; use machines of one byte order");
  }
}

}  // namespace

void RingSum::self_test(const Deadline& deadline) {
  Communicator& communicator = pipeline_->communicator();
  check_byte_order(communicator, deadline);
  check_wrapping<std::uint32_t>(communicator, *this, pipeline_->chunk_words(), deadline);
  check_wrapping<std::uint64_t>(communicator, *this, pipeline_->chunk_words() / 2, deadline);
}

}  // namespace crossilo
