// Aim: how fast parameters become ring words and come back, per core.
// Method: the codec itself, with its rounding stream, beside memcpy of the same bytes in the same run; every decoded
// value is checked against the one that went in. Sizes as arguments; 1 M and 25 M without.
#include <cmath>
#include <cstring>
#include <random>
#include <utility>

#include "bench_line.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/update/ring_codec.hpp"
#include "support/fake_line.hpp"

namespace {

using namespace crossilo;
using bench::Line;
using bench::time_repeats;

std::vector<float> random_delta(std::size_t count) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

/// Totals that stand in memory.
class GivenTotals final : public TotalSource {
 public:
  explicit GivenTotals(std::span<const std::uint32_t> words) : words_(words) {}

 private:
  std::span<const std::uint32_t> read() override { return std::exchange(words_, {}); }
  std::span<const std::uint32_t> words_;
};

void run_width(unsigned lane_bits, const std::vector<float>& delta, std::size_t repeats, double memcpy_gb_per_s) {
  const PayloadLayout layout =
      testing::layout_of({{.name = "model_delta", .parameters = delta.size(), .lane_bits = lane_bits, .bound = 1.0}});
  RingCodec codec({.layout = layout, .root = public_root(1), .noise_bound = 0});
  const RoundTicket ticket = testing::ticket_of({1, 3});
  testing::SiloBuffers buffers(layout);
  std::vector<std::uint32_t> words(layout.lane_words());
  std::vector<ClippedUpdate> update;

  Line line{.bench = "ring_codec",
            .name = "encode",
            .lane_bits = lane_bits,
            .elements = delta.size(),
            .bytes = 4.0 * static_cast<double>(delta.size()),
            .seconds = {},
            .baseline = "memcpy",
            .baseline_gb_per_s = memcpy_gb_per_s};
  line.seconds = time_repeats(
      repeats,
      [&] {
        update.clear();
        update.push_back(testing::clipped({1}, delta, ticket, buffers));
      },
      [&] {
        RingPayload payload = codec.encode(std::move(update.front()), ticket);
        payload.next_lanes(words);
      });
  bench::print(line);

  // As the total of a silo 0 that stays zero, so the mean is 3/4 of the delta.
  const LaneScale scale = LaneScale::of(layout.lanes.front(), 2, 0);
  LaneDecoder decoder;
  const auto start_decoder = [&](GivenTotals& totals) {
    decoder.start(totals, ticket.round);
    decoder.add({.name = "model_delta",
                 .parameters = delta.size(),
                 .lane_bits = lane_bits,
                 .unit_value = scale.unit,
                 .limit = static_cast<std::int32_t>(scale.capacity)});
  };
  line.name = "decode";
  line.seconds = time_repeats(
      repeats, [] {},
      [&] {
        GivenTotals totals(words);
        start_decoder(totals);
        while (!decoder.next().empty()) {
        }
      });
  GivenTotals totals(words);
  start_decoder(totals);
  const float* expected = delta.data();
  for (std::span<const float> mean = decoder.next(); !mean.empty(); mean = decoder.next())
    for (const float value : mean)
      line.wrong_values += std::fabs(double{value} - 0.75 * double{*expected++}) > scale.unit + 1e-7;
  bench::print(line);
}

void run_size(std::size_t count) {
  const std::size_t repeats = count > 5'000'000 ? 7 : 31;
  const std::vector<float> delta = random_delta(count);
  std::vector<float> copy(count);
  Line line{.bench = "ring_codec", .name = "memcpy", .elements = count, .bytes = 4.0 * static_cast<double>(count)};
  line.seconds = time_repeats(
      repeats, [] {},
      [&] {
        std::memcpy(copy.data(), delta.data(), 4 * count);
        bench::keep(copy.data());
      });
  line.baseline = "memcpy";
  line.baseline_gb_per_s = bench::gb_per_s(line.bytes, line.seconds);
  const double memcpy_gb_per_s = line.baseline_gb_per_s;
  bench::print(line);

  AesCtr stream(Key256{});
  std::vector<std::byte> random(16384);
  line.name = "rounding_stream";
  line.seconds = time_repeats(
      repeats, [] {},
      [&] {
        for (std::size_t done = 0; done < 4 * count; done += random.size()) stream.generate(random);
        bench::keep(random.data());
      });
  bench::print(line);
  for (const unsigned lane_bits : {32U, 16U, 8U}) run_width(lane_bits, delta, repeats, memcpy_gb_per_s);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1)
    for (const std::size_t count : {std::size_t{1} << 20, std::size_t{25'000'000}}) run_size(count);
  for (int i = 1; i < argc; ++i) run_size(std::stoull(argv[i]));
}
