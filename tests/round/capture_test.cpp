// Aim: what a rank hands to MPI tells nothing: noise by every test we know, and the plain words never among it.
// Method: a real mpirun; a communicator that copies every message; chi-square and byte entropy of what rank 1 sent,
// and a search for its plain ring words, which are known because the silo's delta and rows are; also in the memory that
// ranks of one node share (aggregate/shared_memory_test looks there in the middle of a sum).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "crossilo/round/scaling.hpp"
#include "round/fake_federation.hpp"
#include "silo/silo_fixture.hpp"
#include "support/byte_statistics.hpp"
#include "support/capturing_communicator.hpp"
#include "support/mpi_main.hpp"
#include "support/word_search.hpp"

namespace crossilo::test {
namespace {

constexpr std::size_t kParameters = 50000;

/// The ring words of one silo's payload as the codec makes them, before any mask.
std::vector<std::uint32_t> plain_words(SiloId id, const Cohort& cohort, const Hash256& parent) {
  const RoundTicket ticket{.round = RoundIndex{1}, .counter = 1, .cohort = cohort, .parent_model = parent};
  const PayloadLayout layout = round_layout({.weights = kParameters});
  UpdateBuffer update{.parameters = std::vector<float>(kParameters),
                      .statistics = std::vector<double>(layout.statistics.size())};
  FakeSilo silo(id);
  const std::vector<float> global(kParameters);
  RingCodec codec({.layout = layout, .root = public_root(7)});
  RingPayload payload = codec.encode(Clip(0.0)(silo.train_locally(ticket, global, update), ticket), ticket);
  std::vector<std::uint32_t> words(payload.lane_words());
  payload.next_lanes(words);
  return words;
}

/// All own ring words of one width that a rank sent, in order, from the `first`-th message on.
template <class Word>
std::vector<Word> sent_words(const CapturingCommunicator& communicator, std::size_t first = 0) {
  constexpr WordType kType = sizeof(Word) == 4 ? WordType::u32 : WordType::u64;
  std::vector<Word> words;
  for (const CapturingCommunicator::Captured& message : std::span(communicator.captured()).subspan(first)) {
    if (message.type != kType || !ReservedTag::is_ring_contribution(message.to.tag)) continue;
    const std::size_t start = words.size();
    words.resize(start + message.bytes.size() / sizeof(Word));
    std::memcpy(words.data() + start, message.bytes.data(), message.bytes.size());
  }
  return words;
}

template <class Word>
testing::ByteStatistics byte_statistics(const std::vector<Word>& words) {
  return testing::ByteStatistics(std::as_bytes(std::span(words)));
}

/// Words that read as numbers below 2^32 in size, as every plain statistic of these tests does.
std::size_t small_words(const std::vector<std::uint64_t>& words) {
  return static_cast<std::size_t>(std::ranges::count_if(words, [](std::uint64_t word) {
    const auto number = static_cast<std::int64_t>(word);
    return number > -(std::int64_t{1} << 32) && number < (std::int64_t{1} << 32);
  }));
}

template <class Word>
std::size_t found_in(const std::vector<Word>& needles, const std::vector<Word>& sent) {
  const std::unordered_set<Word> all(sent.begin(), sent.end());
  return static_cast<std::size_t>(std::ranges::count_if(needles, [&](Word word) { return all.contains(word); }));
}

TEST(Capture, what_a_rank_sends_of_its_own_payload_is_noise_and_never_the_plain_words) {
  CapturingCommunicator communicator(mpi_communicator());
  const FakeRun run{.silos = 4, .parameters = kParameters, .rounds = 1, .message_words = 4096};
  const FakeResult result = run_fake(communicator, run);
  if (communicator.rank() != 1) return;

  const std::vector<std::uint32_t> plain =
      plain_words(SiloId{1}, result.records.front().ticket.cohort, result.records.front().ticket.parent_model);
  // Its own words go to the other three owners of shards, after those of the self-test at the start.
  const std::size_t shard = kParameters / 4 - 64;  // in whole cache lines
  const std::vector<std::uint32_t> all = sent_words<std::uint32_t>(communicator);
  ASSERT_GT(all.size(), 3 * shard);
  const std::vector<std::uint32_t> lanes(all.end() - static_cast<std::ptrdiff_t>(3 * shard), all.end());

  // 255 degrees of freedom: mean 255, standard deviation 22.6; 400 is more than 6 of them away.
  EXPECT_LT(byte_statistics(lanes).chi_square, 400.0);
  EXPECT_GT(byte_statistics(lanes).entropy_bits, 7.998);
  EXPECT_GT(byte_statistics(plain).chi_square, 1000.0) << "the plain words would not pass: the test can fail";
  // 37,500 random words of 2^32: about 0.4 of the plain words are met by chance.
  EXPECT_LT(found_in(plain, lanes), 8u);

  // Of the 10 statistics, at least 6 lie in others' shards, in the round and once more in the last evaluation.
  const auto statistics = sent_words<std::uint64_t>(communicator);
  ASSERT_GT(statistics.size(), 12u);
  EXPECT_EQ(small_words({statistics.end() - 12, statistics.end()}), 0u);
}

TEST(Capture, the_memory_that_a_node_shares_never_holds_the_plain_words) {
  Communicator& inner = mpi_communicator();
  std::vector<std::byte> shown;  // all that peers could read in a sum, look by look
  CapturingCommunicator communicator(inner);
  communicator.watch_window(
      [&](std::span<const std::byte> region) { shown.insert(shown.end(), region.begin(), region.end()); });
  const FakeRun run{.silos = 4, .parameters = kParameters, .rounds = 1};
  const RoundTicket ticket = run_fake(communicator, run).records.front().ticket;
  const SiloId own{static_cast<std::uint32_t>(inner.rank())};
  const std::vector<std::uint32_t> plain = plain_words(own, ticket.cohort, ticket.parent_model);
  WordSearch search;
  search.add(std::span<const std::uint32_t>(plain));
  EXPECT_EQ(search.count_in(std::as_bytes(std::span(plain))), kParameters - 1) << "it finds them: the test can fail";
  EXPECT_GT(shown.size(), kParameters * sizeof(std::uint32_t));
  EXPECT_EQ(search.count_in(shown), 0u);
}

TEST(Capture, scaling_sums_and_statistics_leave_a_rank_as_noise_too) {
  CapturingCommunicator communicator(mpi_communicator());
  const OwnFacts facts = facts_of({.silos = 4}, communicator.size(), communicator.rank());
  const SiloId own = facts.hosted.front().id;
  FakeSilo silo(own);
  Silo* const silos[] = {&silo};
  const X25519 key;
  Roster roster = exchange_hello(communicator, facts, key, {.seconds = 30.0, .step = "hello"});
  auto mask = make_mask(roster, key, own);
  SumSession session(communicator, std::move(roster), std::move(mask), {.peer_seconds_max = 30.0});

  constexpr std::size_t kColumns = 40;
  const SiloSchema columns = schema(Task::binary, kColumns);
  Dataset dataset(random_silo(columns, 100, 5, own.value), public_root(7), own);
  Dataset* const datasets[] = {&dataset};
  const std::size_t first = communicator.captured().size();  // after the self-test at the start
  for (int repeat = 0; repeat < 20; ++repeat) (void)federated_scaling(session, silos, datasets);
  if (communicator.rank() != 1) return;

  const auto sent = sent_words<std::uint64_t>(communicator, first);
  ASSERT_GT(sent.size(), 20 * 3 * kColumns);
  EXPECT_LT(byte_statistics(sent).chi_square, 400.0);
  EXPECT_GT(byte_statistics(sent).entropy_bits, 7.985);
  // The plain words of the first pass: sums and magnitudes in steps of 2^-16, and counts.
  std::vector<double> sums(kColumns), magnitudes(kColumns), counts(kColumns);
  dataset.column_sums({.values = sums, .magnitudes = magnitudes, .counts = counts});
  std::vector<std::uint64_t> plain;
  for (const std::vector<double>* values : {&sums, &magnitudes})
    for (const double value : *values)
      plain.push_back(static_cast<std::uint64_t>(static_cast<std::int64_t>(std::llround(value * 0x1p16))));
  for (const double count : counts) plain.push_back(static_cast<std::uint64_t>(count));
  EXPECT_EQ(found_in(plain, sent), 0u);
  EXPECT_EQ(small_words(sent), 0u);
  EXPECT_EQ(small_words(plain), plain.size()) << "the plain words would not pass: the test can fail";
}

}  // namespace
}  // namespace crossilo::test
