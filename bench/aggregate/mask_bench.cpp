// Aim: how fast a payload is masked, per core, for 1, 3 and 7 peers.
// Method: keystream bytes per second beside raw EVP AES-256-CTR on a 16 KiB buffer (what `openssl speed -evp
// aes-256-ctr -bytes 16384` does) and memcpy, in the same run; masks taken off again must leave every word.
#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>

#include "bench_line.hpp"
#include "crossilo/aggregate/mask.hpp"

namespace {

using namespace crossilo;
using bench::Line;
using bench::time_repeats;

void require(bool good, const char* call) {
  if (good) return;
  std::fprintf(stderr, "%s failed\n", call);
  std::exit(1);
}

/// Seconds to encrypt `bytes` bytes, 16 KiB at a time in place, with nothing of ours around it.
std::vector<double> time_raw_evp(std::size_t bytes, std::size_t repeats) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const unsigned char key[32] = {}, counter[16] = {};
  require(context != nullptr, "EVP_CIPHER_CTX_new");
  require(EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), nullptr, key, counter) == 1, "EVP_EncryptInit_ex");
  std::vector<unsigned char> buffer(16384);
  auto seconds = time_repeats(
      repeats, [] {},
      [&] {
        int written = 0;
        for (std::size_t done = 0; done < bytes; done += buffer.size())
          require(
              EVP_EncryptUpdate(context, buffer.data(), &written, buffer.data(), static_cast<int>(buffer.size())) == 1,
              "EVP_EncryptUpdate");
      });
  EVP_CIPHER_CTX_free(context);
  return seconds;
}

void run_size(std::size_t count) {
  const std::size_t repeats = count > 5'000'000 ? 5 : 15;
  std::vector<std::uint32_t> lanes(count, 12345U), copy(count);
  std::vector<std::uint64_t> statistics(16, 6789U);
  const double bytes = 4.0 * static_cast<double>(count);

  Line line{.bench = "mask", .name = "raw_evp", .elements = count, .bytes = bytes};
  line.seconds = time_raw_evp(4 * count, repeats);
  line.baseline = "raw_evp";
  line.baseline_gb_per_s = bench::gb_per_s(bytes, line.seconds);
  bench::print(line);
  line.name = "memcpy";
  line.seconds = time_repeats(
      repeats, [] {},
      [&] {
        std::memcpy(copy.data(), lanes.data(), 4 * count);
        bench::keep(copy.data());
      });
  bench::print(line);

  for (const std::size_t peers : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
    std::vector<Keystream> streams;
    for (std::size_t i = 0; i < peers; ++i) {
      Key256 key;
      secure_random(key);
      streams.push_back({.cipher = AesCtr(key), .subtract = i % 2 == 1});
    }
    const auto add = [&] {
      for (Keystream& stream : streams) stream.cipher.seek(0);
      add_keystreams(streams, lanes);
    };
    line.name = peers == 0 ? "null" : "mask_" + std::to_string(peers) + "_peers";
    line.bytes = bytes * static_cast<double>(std::max<std::size_t>(peers, 1));
    line.seconds = time_repeats(
        repeats, [] {}, add);
    for (Keystream& stream : streams) stream.subtract = !stream.subtract;
    for (std::size_t i = 0; i < repeats + 1; ++i) add();
    line.wrong_values = static_cast<std::size_t>(
        std::count_if(lanes.begin(), lanes.end(), [](std::uint32_t word) { return word != 12345U; }));
    bench::print(line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1)
    for (const std::size_t count : {std::size_t{1} << 20, std::size_t{25'000'000}}) run_size(count);
  for (int i = 1; i < argc; ++i) run_size(std::stoull(argv[i]));
}
