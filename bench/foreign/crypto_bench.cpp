// Measures the cryptography that every round or start pays for, with Google Benchmark: digests of a model, derivation
// of a key, agreement with a peer. One JSON line a case; the baseline of a digest is SHA-256 over the same bytes.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "crossilo/foreign/openssl.hpp"

namespace {

using namespace crossilo;

void sha256_of_model(benchmark::State& state) {
  const std::vector<std::byte> model(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) benchmark::DoNotOptimize(sha256(model));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void fingerprint_of_model(benchmark::State& state) {
  const std::vector<std::byte> model(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) benchmark::DoNotOptimize(fingerprint(model));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void derive_key(benchmark::State& state) {
  const Key256 key{};
  for (auto _ : state) benchmark::DoNotOptimize(hkdf_sha256(key, {}, "crossilo/1|bench"));
}

void agree_with_a_peer(benchmark::State& state) {
  const X25519 own, peer;
  for (auto _ : state) benchmark::DoNotOptimize(own.agree(peer.public_key()));
}

BENCHMARK(sha256_of_model)->Arg(4'000'000)->Arg(100'000'000);
BENCHMARK(fingerprint_of_model)->Arg(4'000'000)->Arg(100'000'000);
BENCHMARK(derive_key);
BENCHMARK(agree_with_a_peer);

/// Collects the repeats of each case and prints a line for it.
class JsonLines final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Aggregate)
        cases_[run.run_name.str()][run.aggregate_name] = run.GetAdjustedRealTime() / 1e9;
  }
  void Finalize() override {
    for (const auto& [name, values] : cases_) {
      nlohmann::ordered_json line = {{"bench", "crypto"},
                                     {"case", name},
                                     {"seconds_median", values.at("median")},
                                     {"seconds_stddev", values.at("stddev")}};
      const std::size_t slash = name.find('/');
      if (slash != std::string::npos) {
        const std::string argument = name.substr(slash);
        line["gb_per_s"] = std::stod(argument.substr(1)) / values.at("median") / 1e9;
        line["baseline"] = "sha256_of_model";
        line["times_baseline"] = cases_.at("sha256_of_model" + argument).at("median") / values.at("median");
      }
      std::printf("%s\n", line.dump().c_str());
    }
  }

 private:
  std::map<std::string, std::map<std::string, double>> cases_;
};

}  // namespace

int main(int argc, char** argv) {
  char repeats[] = "--benchmark_repetitions=7";
  char quick[] = "--benchmark_min_time=0.05";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, {repeats, quick});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  JsonLines lines;
  benchmark::RunSpecifiedBenchmarks(&lines);
}
