// Aim: the folder in which a run leaves its results, and by which a supervisor knows how it ended.
//
// runs/heart-1/   outcome.json   how the run ended; the first rank to write it is believed
//                 ranks/RANK     what became of each rank (io/rank_status)
//                 manifest.json  what ran here, and how each start ended (io/manifest)
//                 checkpoints/   io/checkpoint
//                 metrics.jsonl  one line a round (io/metrics); metrics.csv, timing.csv, metrics.prom and
//                                tensorboard/ tell the same to other programs (io/round_files)
//                 summary.json   all of it in one object, once it has ended (io/summary)
//                 logs/SILO.log  model/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crossilo/base/error.hpp"

namespace crossilo {

/// How a run ended.
struct Outcome {
  ExitCode exit_code = ExitCode::success;
  std::string text;  // what a user reads; empty on success
  std::string silo;  // whose failure it was; empty when nobody's
};

/// "finished", "configuration error", "a silo was lost", …: the outcome in a few words.
[[nodiscard]] const char* status_of(ExitCode exit_code);

/// K of every PARENT/NAME-K, the highest first; none where the folder is missing.
[[nodiscard]] std::vector<unsigned long> run_numbers(const std::string& parent, const std::string& name);

/// An existing run folder.
class RunFolder {
 public:
  /// Makes PARENT/NAME-K with the lowest K above all there are; two processes never get the same.
  /// Throws: StorageError.
  [[nodiscard]] static RunFolder create(const std::string& parent, const std::string& name);
  /// Makes the folder `path` where it is missing, as a rank does whose file system is not the first rank's.
  /// Throws: StorageError.
  [[nodiscard]] static RunFolder create_at(const std::string& path);
  /// Takes a folder that create() made, here or in another process. Throws: StorageError when it is none.
  explicit RunFolder(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The path of a file in the folder, e.g. "model/global.safetensors".
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string log_file(const std::string& silo) const { return file("logs/" + silo + ".log"); }

  /// Forgets how the last start ended and what became of its ranks; the manifest remembers. Throws: StorageError.
  void begin_again() const;

  /// Leaves the outcome, in the manifest too, unless there is one. True when this one was left. Throws: StorageError.
  bool write_outcome(const Outcome& outcome) const;
  [[nodiscard]] bool has_outcome() const;
  /// The outcome, if one was left. Throws: StorageError when it cannot be read.
  [[nodiscard]] std::optional<Outcome> read_outcome() const;

 private:
  std::string path_;
};

}  // namespace crossilo
