// Aim: whatever lies in a run folder as manifest.json, outcome.json, metrics.jsonl and a rank's status is read, or
// refused with an Error. Method: libFuzzer; one input is written under all four names in a folder of this process.
#include <filesystem>
#include <fstream>

#include "crossilo/io/manifest.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/rank_status.hpp"
#include "fuzz_target.hpp"

extern "C" int fsync(int) { return 0; }  // in the C library's place: waiting for the disk finds nothing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  static const RunFolder folder = RunFolder::create_at(
      fmt::format("{}/crossilo-fuzz-{}", std::filesystem::temp_directory_path().string(), ::getpid()));
  for (const char* name : {"manifest.json", "outcome.json", "metrics.jsonl", "ranks/0"})
    std::ofstream(folder.file(name), std::ios::binary) << text_of(data, bytes);
  fuzz([&] { static_cast<void>(folder.read_outcome()); });
  fuzz([&] { cut_metrics(folder.file("metrics.jsonl"), 3); });
  fuzz([&] { static_cast<void>(read_rank_statuses(folder)); });
  return fuzz([&] {
    const std::optional<Manifest> manifest = read_manifest(folder);
    if (!manifest) return;
    static_cast<void>(manifest->is_unfinished());
    static_cast<void>(manifest->status());
    write_manifest(folder, *manifest);
    static_cast<void>(read_manifest(folder));  // what was written can be read
  });
}
