// What a sum of ring words must give: a plain loop over what each rank puts in.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"

namespace crossilo::test {

using RankMain = std::function<void(Communicator&)>;

inline Deadline contract_deadline() { return {.seconds = 30.0, .step = "contract"}; }

/// Waits for one request.
inline void finish(Communicator& communicator, Request request, int peer) {
  wait_all(communicator, std::span(&request, 1), std::span<const int>(&peer, 1), contract_deadline());
}

/// What rank `rank` puts into a sum: large words, so that totals wrap.
template <class Word>
std::vector<Word> contribution_of(int rank, std::size_t count) {
  std::mt19937_64 generator(1000 + static_cast<std::uint64_t>(rank));
  std::vector<Word> words(count);
  for (Word& word : words) word = static_cast<Word>(generator());
  return words;
}

template <class Word>
std::vector<Word> plain_sum(int size, std::size_t count) {
  std::vector<Word> total(count, 0);
  for (int rank = 0; rank < size; ++rank) {
    const std::vector<Word> words = contribution_of<Word>(rank, count);
    for (std::size_t i = 0; i < count; ++i) total[i] = static_cast<Word>(total[i] + words[i]);
  }
  return total;
}

template <class Word>
void expect_sum_equals_oracle(Communicator& communicator, RingSum& ring_sum, std::size_t count) {
  std::vector<Word> words = contribution_of<Word>(communicator.rank(), count);
  ring_sum.sum(std::span<Word>(words), contract_deadline());
  EXPECT_EQ(words, plain_sum<Word>(communicator.size(), count)) << count << " words of " << sizeof(Word) << " bytes";
}

}  // namespace crossilo::test
