// Aim: what a rank hands to MPI tells nothing: noise by every test we know, and the plain words never among it.
// Method: a real mpirun; a communicator that copies every message; chi-square and byte entropy of what rank 1 sent,
// and a search for its plain ring words, which are known because the silo's delta is.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "round/fake_federation.hpp"
#include "support/capturing_communicator.hpp"
#include "support/mpi_main.hpp"

namespace crossilo::test {
namespace {

constexpr std::size_t kParameters = 50000;

/// The ring words of one silo's payload as the codec makes them, before any mask.
std::vector<std::uint32_t> plain_words(SiloId id, const Cohort& cohort, const Hash256& parent) {
  const RoundTicket ticket{.round = RoundIndex{1}, .counter = 1, .cohort = cohort, .parent_model = parent};
  const PayloadLayout layout = round_layout(kParameters, 32);
  UpdateBuffer update{.parameters = std::vector<float>(kParameters),
                      .statistics = std::vector<double>(layout.statistics.size())};
  WordBuffer words(layout);
  FakeSilo silo(id);
  const std::vector<float> global(kParameters);
  RingCodec codec({.layout = layout, .root = public_root(7)});
  const RingPayload payload = codec.encode(Clip(0.0)(silo.train_locally(ticket, global, update)), ticket, words);
  return {payload.lanes().begin(), payload.lanes().end()};
}

/// All ring words that a rank sent under a tag, in order.
std::vector<std::uint32_t> sent_words(const CapturingCommunicator& communicator, int tag) {
  std::vector<std::uint32_t> words;
  for (const CapturingCommunicator::Captured& message : communicator.captured()) {
    if (message.type != WordType::u32 || message.to.tag != tag) continue;
    const std::size_t start = words.size();
    words.resize(start + message.bytes.size() / 4);
    std::memcpy(words.data() + start, message.bytes.data(), message.bytes.size());
  }
  return words;
}

double byte_chi_square(const std::vector<std::uint32_t>& words) {
  std::array<double, 256> counts{};
  for (const std::uint32_t word : words)
    for (int shift = 0; shift < 32; shift += 8) counts[(word >> shift) & 0xffu] += 1.0;
  const double expected = static_cast<double>(words.size()) * 4.0 / 256.0;
  double sum = 0.0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

double byte_entropy_bits(const std::vector<std::uint32_t>& words) {
  std::array<double, 256> counts{};
  for (const std::uint32_t word : words)
    for (int shift = 0; shift < 32; shift += 8) counts[(word >> shift) & 0xffu] += 1.0;
  const double total = 4.0 * static_cast<double>(words.size());
  double bits = 0.0;
  for (const double count : counts)
    if (count > 0.0) bits -= count / total * std::log2(count / total);
  return bits;
}

std::size_t found_in(const std::vector<std::uint32_t>& needles, const std::vector<std::uint32_t>& sent) {
  const std::unordered_set<std::uint32_t> all(sent.begin(), sent.end());
  std::size_t found = 0;
  for (const std::uint32_t word : needles) found += all.count(word);
  return found;
}

TEST(Capture, what_a_rank_sends_of_its_own_payload_is_noise_and_never_the_plain_words) {
  CapturingCommunicator communicator(mpi_communicator());
  const FakeRun run{.silos = 4, .parameters = kParameters, .rounds = 1, .segment_words = 4096};
  const FakeResult result = run_fake(communicator, run);
  if (communicator.rank() != 1) return;

  const std::vector<std::uint32_t> plain =
      plain_words(SiloId{1}, result.records.front().ticket.cohort, result.records.front().ticket.parent_model);
  // Its own words go to the other three owners of shards, after those of the self-test at the start.
  const std::size_t shard = kParameters / 4;
  const std::vector<std::uint32_t> all = sent_words(communicator, ReservedTag::ring_contribution);
  ASSERT_GT(all.size(), 3 * shard);
  const std::vector<std::uint32_t> lanes(all.end() - static_cast<std::ptrdiff_t>(3 * shard), all.end());

  // 255 degrees of freedom: mean 255, standard deviation 22.6; 400 is more than 6 of them away.
  EXPECT_LT(byte_chi_square(lanes), 400.0);
  EXPECT_GT(byte_entropy_bits(lanes), 7.998);
  EXPECT_GT(byte_chi_square(plain), 1000.0) << "the plain words would not pass: the test can fail";
  // 37,500 random words of 2^32: about 0.4 of the plain words are met by chance.
  EXPECT_LT(found_in(plain, lanes), 8u);
}

}  // namespace
}  // namespace crossilo::test
