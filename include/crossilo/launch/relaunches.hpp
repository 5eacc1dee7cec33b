// Aim: whether a run is started again after a silo was lost, when, and without whom; from the run folder's words alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/base/types.hpp"
#include "crossilo/io/run_folder.hpp"

namespace crossilo {

/// What the settings allow.
struct RelaunchRules {
  std::size_t silos = 0;           // that the run was started with
  std::size_t silos_min = 0;       // with which it may go on
  std::uint32_t in_a_row_max = 0;  // starts without a new finished round between them; 0: the run is not started again
};

/// How a start ended, as the run folder tells it.
struct StartEnd {
  Outcome outcome;
  bool is_of_a_rank = true;              // the outcome; otherwise the supervisor's, since no rank left one
  bool was_stopped = false;              // the user asked for an end
  RoundIndex from{};                     // the round that it went on behind
  RoundIndex finished{};                 // its last finished round
  std::vector<std::string> displaced{};  // silos that cannot be started now: their host is gone, and no other has room
};

/// The next start.
struct Relaunch {
  std::uint32_t in_a_row = 1;
  double pause_seconds = 0.0;        // before it
  std::vector<std::string> missing;  // silos that it leaves out
  std::string why;                   // one line
};

/// Follows a run over its starts.
///
/// A silo is left out when it was named again before a round was finished that none had finished before: it was lost,
/// and after that it did not come back or was lost in the same place, for whatever reason; and one that is displaced,
/// at once. Once such a round is finished, the next start is with all silos again.
class Relaunches {
 public:
  explicit Relaunches(RelaunchRules rules) : rules_(rules) {}
  /// What follows that end; nothing where the run is over.
  [[nodiscard]] std::optional<Relaunch> after(const StartEnd& end);
  /// The silos that the start under way is without.
  [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }
  /// Those that the start behind that end is without, whatever else it leaves out.
  [[nodiscard]] std::vector<std::string> still_missing(const StartEnd& end) const;
  /// The outcome of a run that is over: that of the last start, and why no other follows where one would have.
  [[nodiscard]] Outcome closing(Outcome last) const;

 private:
  [[nodiscard]] bool is_further(const StartEnd& end) const { return end.finished > std::max(furthest_, end.from); }
  bool leave_out(const std::vector<std::string>& silos);

  RelaunchRules rules_;
  RoundIndex furthest_{};
  std::uint32_t in_a_row_ = 0;
  std::vector<std::string> suspects_;  // silos that were lost since the furthest round was finished
  std::vector<std::string> missing_;
  std::vector<std::string> wanted_;  // silos that do not come back, and that cannot be left out
  bool is_exhausted_ = false;
  bool has_no_place_ = false;  // for the wanted
};

}  // namespace crossilo
