// Aim: whatever lies in a file of benchmarks is drawn, or refused with an Error. Method: libFuzzer.
#include "crossilo/io/bench_lines.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  return crossilo::fuzz([&] {
    crossilo::BenchResults results;
    crossilo::read_bench_lines("sums.jsonl", crossilo::text_of(data, bytes), results);
    static_cast<void>(crossilo::bench_html("sums", results));
  });
}
