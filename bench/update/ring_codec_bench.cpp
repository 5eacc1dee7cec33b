// Aim: how fast parameters become ring words and come back, per core.
// Method: the codec itself, with its rounding stream, beside memcpy of the same bytes in the same run; every decoded
// value is checked against the one that went in. Sizes as arguments; 1 M and 25 M without.
#include <cmath>
#include <cstring>
#include <random>

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

void run_width(unsigned lane_bits, const std::vector<float>& delta, std::size_t repeats, double memcpy_gb_per_s) {
  const PayloadLayout layout =
      testing::layout_of({{.name = "model_delta", .parameters = delta.size(), .lane_bits = lane_bits, .bound = 1.0}});
  RingCodec codec({.layout = layout, .root = public_root(1), .noise_bound = 0});
  const RoundTicket ticket = testing::ticket_of({1, 3});
  testing::SiloBuffers buffers(layout);
  std::vector<float> mean(delta.size());
  std::vector<double> statistics(layout.statistics.size());
  std::vector<ClippedUpdate> update;
  std::vector<RingPayload> payload;

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
        payload.clear();
      },
      [&] { payload.push_back(codec.encode(std::move(update.front()), ticket, buffers.words)); });
  bench::print(line);

  NoNoise noise;
  // Silo 0 stays zero, so the mean is 3/4 of the delta.
  const RingTotal total = testing::total_of(noise(std::move(payload.front()), ticket), ticket);
  line.name = "decode";
  total.statistics()[kContributedWeight] = 4;
  line.seconds = time_repeats(
      repeats, [] {}, [&] { (void)codec.decode(total, ticket, mean, statistics); });
  const double unit = LaneScale::of(layout.lanes.front(), 2, 0).unit;
  for (std::size_t k = 0; k < delta.size(); ++k)
    line.wrong_values += std::fabs(double{mean[k]} - 0.75 * double{delta[k]}) > unit + 1e-7;
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
