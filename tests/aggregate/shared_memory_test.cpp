// Aim: what stands in the memory that a rank shares with its node carries all of its masks, at every moment.
// Method: three ranks of one node; a rank's own region is looked at whenever its plain words are made in the middle of
// a sum, and at every counter that it posts; it is searched for the plain words, and for those that wear one mask only.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "aggregate/federation_of_masks.hpp"
#include "crossilo/comm/local_communicator.hpp"
#include "support/capturing_communicator.hpp"
#include "support/fake_line.hpp"
#include "support/word_search.hpp"

namespace crossilo::test {
namespace {

using testing::SiloBuffers;

/// No noise; whoever asks for words has them, and then `look` is called, before anything else happens to them.
class LookingNoise final : public Noise, WordSource {
 public:
  explicit LookingNoise(std::function<void()> look) : look_(std::move(look)) {}
  [[nodiscard]] const char* name() const noexcept override { return "none"; }

 private:
  PayloadWords add(const RoundTicket&, RingPayload&& payload) override {
    payload_.emplace(std::move(payload));
    return {.statistics = payload_->statistics(), .lane_words = payload_->lane_words(), .lanes = this};
  }
  void make(std::span<std::uint32_t> out) override {
    payload_->next_lanes(out);
    look_();
  }
  std::function<void()> look_;
  std::optional<RingPayload> payload_;
};

/// One rank's part in a sum over all.
struct OneRank {
  static constexpr std::size_t kRanks = 3;
  static constexpr std::size_t kWords = 20'000;

  explicit OneRank(std::size_t own)
      : rank(own),
        layout(testing::layout_of({{.name = "model_delta", .parameters = kWords}})),
        codec({.layout = layout, .root = public_root(1)}),
        buffers(layout),
        values(kWords) {
    ticket.counter = 1;
    for (const PublicIdentity& identity : ring.identities) {
      ticket.cohort.silos.push_back(identity.id);
      ticket.cohort.weights.push_back(10 + identity.id.value);
    }
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e-3F * static_cast<float>((i * 7 + rank) % 1000 + 1);
  }
  [[nodiscard]] SiloId silo() const { return ring.identities[rank].id; }
  [[nodiscard]] PairwiseMask mask() const { return ring.mask_of(rank, testing::epoch_of("1")); }
  [[nodiscard]] RingPayload payload() {
    return codec.encode(testing::clipped(silo(), values, ticket, buffers), ticket);
  }

  std::size_t rank;
  testing::KeyRing ring{kRanks};
  PayloadLayout layout;
  RingCodec codec;
  SiloBuffers buffers;
  std::vector<float> values;
  RoundTicket ticket;
};

/// Words under the masks with some peers; none: plain ones.
struct Masked {
  Masked(OneRank& own, std::span<const PairKey> peers) {
    RingPayload payload = own.payload();
    lanes = testing::lanes_of(payload);
    statistics.assign(payload.statistics().begin(), payload.statistics().end());
    const InlineText context = mask_context(testing::epoch_of("1"), own.ticket);
    for (const PairKey& pair : peers) {
      const SecretKey key = hkdf_sha256(pair.key.bytes(), {}, mask_info(context, own.silo(), pair.peer));
      std::array<Keystream, 1> one{{{.cipher = AesCtr(key.bytes()), .subtract = pair.peer < own.silo()}}};
      add_keystreams(one, lanes);
      one.front().cipher.seek(statistics_offset(lanes.size() * sizeof(std::uint32_t)));
      add_keystreams(one, statistics);
    }
  }
  void add_to(WordSearch& search) const {
    search.add(std::span<const std::uint32_t>(lanes));
    search.add(std::span<const std::uint64_t>(statistics));
  }
  std::vector<std::uint32_t> lanes;
  std::vector<std::uint64_t> statistics;
};

TEST(SharedMemory, ShowsNoWordThatLacksAMask) {
  run_local_ranks({.size = OneRank::kRanks, .seed = 3, .node_of_rank = {0, 0, 0}}, [](Communicator& communicator) {
    OneRank own(static_cast<std::size_t>(communicator.rank()));
    const std::vector<PairKey> pairs = own.ring.keys_of(own.rank, testing::epoch_of("1"));
    WordSearch lacking;
    Masked(own, {}).add_to(lacking);
    for (const PairKey& pair : pairs) Masked(own, {&pair, 1}).add_to(lacking);
    WordSearch whole;
    Masked(own, pairs).add_to(whole);

    std::size_t seen_lacking = 0;
    std::size_t seen_whole = 0;
    CapturingCommunicator watched(communicator);
    watched.watch_window([&](std::span<const std::byte> own_region) {
      seen_lacking += lacking.count_in(own_region);
      seen_whole += whole.count_in(own_region);
    });
    RingSum ring_sum(watched, {.message_words = 256, .window_words = 4096, .flat_words_max = 0});
    SecureSum sum(ring_sum, 5.0);
    PairwiseMask mask = own.mask();
    std::size_t looks_in_the_middle = 0;
    LookingNoise noise([&] {
      ++looks_in_the_middle;
      watched.look_at_window();
    });
    RingTotal total = sum(mask(noise(own.payload(), own.ticket), own.ticket), own.ticket);
    while (!total.lanes().next().empty()) continue;

    EXPECT_EQ(seen_lacking, 0u);
    EXPECT_GT(seen_whole, OneRank::kWords) << "the search finds what stands there: the test can fail";
    EXPECT_GE(looks_in_the_middle, OneRank::kWords / 2048);
  });
}

}  // namespace
}  // namespace crossilo::test
