// Aim: one small file for each rank that tells, after the fact, which rank died by itself and which were ended.
//
// A file is only ever appended to:   rank 3 / silo va / host n4 / site north / pid 4711 / running / round 1 / round 2 /
// … / finished A rank that gets SIGTERM (mpirun ends the others so when one dies) appends the one letter T.
#pragma once

#include <string>
#include <vector>

#include "crossilo/base/rank_identity.hpp"
#include "crossilo/base/types.hpp"
#include "crossilo/io/run_folder.hpp"

namespace crossilo {

/// A rank's own status file, open from construction on.
class RankStatusFile {
 public:
  /// Opens the file, empty. Throws: StorageError.
  RankStatusFile(const RunFolder& folder, const RankIdentity& identity);
  ~RankStatusFile();
  RankStatusFile(const RankStatusFile&) = delete;
  RankStatusFile& operator=(const RankStatusFile&) = delete;

  /// Install the signal handlers first and give them the descriptor: the supervisor passes signals on from here on.
  void write_running();
  void write_round(RoundIndex round);
  /// The round that was written last; 0 before the first.
  [[nodiscard]] RoundIndex round() const noexcept { return round_; }
  /// Marks an orderly end, good or bad: whoever has this mark did not die.
  void write_finished();
  /// False once another start has put a file in its place.
  [[nodiscard]] bool is_in_folder() const noexcept;
  /// For the signal handler, which may only append kTerminatedMark to it with write(2).
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  static constexpr char kTerminatedMark = 'T';

 private:
  void append(const std::string& line);
  RankIdentity identity_;
  std::string path_;
  int descriptor_ = -1;
  RoundIndex round_{};
};

/// What a status file says.
struct RankStatus {
  RankIdentity identity;
  long pid = 0;
  RoundIndex round{};  // the last one that was begun
  bool finished = false;
  bool terminated = false;  // it got SIGTERM
  /// True of a rank that ended without a mark: killed, crashed, or left by exit().
  [[nodiscard]] bool died() const noexcept { return !finished && !terminated; }
};

/// The status of every rank that has written one, ascending. A file that is not complete yet is left out.
[[nodiscard]] std::vector<RankStatus> read_rank_statuses(const RunFolder& folder);

}  // namespace crossilo
