#include "relaunching.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/unix_time.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/relaunches.hpp"
#include "missing_silos.hpp"
#include "run_place.hpp"

namespace crossilo {
namespace {

constexpr const char* kWithoutSilos = "--without_silos";

StartEnd start_end(const RunFolder& folder, const SupervisedEnd& end) {
  StartEnd result{.outcome = end.outcome, .is_of_a_rank = end.is_of_a_rank, .was_stopped = end.first_signal != 0};
  if (const auto manifest = read_manifest(folder); manifest && !manifest->starts.empty())
    result.from = manifest->starts.back().from_round;
  for (const RankStatus& status : read_rank_statuses(folder))
    if (status.round.value > 0) result.finished = std::max(result.finished, RoundIndex{status.round.value - 1});
  return result;
}

/// The lines of the manifest. A start that fails before it has a manifest is noted in the next one's.
class RelaunchNotes {
 public:
  explicit RelaunchNotes(const RunFolder& folder) : folder_(folder) {}
  void add(const Relaunch& next) {
    pending_.push_back({.unix_seconds = unix_seconds(), .why = next.why, .missing = next.missing});
  }
  void write() {
    if (pending_.empty()) return;
    std::optional<Manifest> manifest = read_manifest(folder_);
    if (!manifest) return;
    for (ManifestRelaunch& one : std::exchange(pending_, {})) manifest->relaunches.push_back(std::move(one));
    write_manifest(folder_, *manifest);
  }

 private:
  const RunFolder& folder_;
  std::vector<ManifestRelaunch> pending_;
};

/// Shown at once: what follows takes a moment.
void tell(const Relaunch& next, std::uint32_t in_a_row_max) {
  const std::string without =
      next.missing.empty() ? "" : fmt::format(", without silo {}", fmt::join(next.missing, ", "));
  show_text(stderr, fmt::format("crossilo: {}; started again in {:.0f} s, for the {} of at most {} times in a row{}\n",
                                next.why, next.pause_seconds, next.in_a_row, in_a_row_max, without));
}

/// The ranks' command for the next start. Of --max_hours, the hours are left that earlier starts have not used.
SupervisorOptions options_for(SupervisorOptions options, const Config& config, const RankPlaces& places,
                              const Relaunch& next, double seconds_used) {
  options.shows_command = false;
  if (places.max_hours > 0.0) {
    const double hours = std::max(places.max_hours - seconds_used / 3600.0, 1e-6);
    options.arguments = without_option(options.arguments, "--max_hours");
    options.arguments.insert(options.arguments.end(), {"--max_hours", fmt::format("{:.6f}", hours)});
  }
  if (next.missing.empty()) return options;
  std::vector<std::string> missing = next.missing;
  for (const SiloId silo : places.missing) missing.push_back(config.run.silos.at(silo.value));
  options.arguments = without_option(options.arguments, kWithoutSilos);
  options.arguments.insert(options.arguments.end(), {kWithoutSilos, fmt::format("{}", fmt::join(missing, ","))});
  options.ranks -= static_cast<int>(next.missing.size());
  return options;
}

SupervisedEnd stopped_between_starts(const RunFolder& folder) {
  const Outcome outcome{
      .exit_code = ExitCode::requeue,
      .text =
          "stopped as asked, before the ranks were started again. The same command goes on from the last checkpoint",
      .silo = ""};
  clear_for_start(folder);
  (void)folder.write_outcome(outcome);
  return {.outcome = outcome, .is_of_a_rank = false, .first_signal = 0};
}

}  // namespace

SupervisedEnd supervise_run(const Config& config, const RankPlaces& places, SupervisorOptions options,
                            const RunFolder& folder) {
  const std::size_t silos = config.run.silos.size() - places.missing.size();
  Relaunches relaunches({.silos = silos,
                         // Where a rank trains several silos, it cannot be lost with one of them alone.
                         .silos_min = places.simulates ? silos : std::min(silos, fewest_silos(config.run)),
                         .in_a_row_max = config.run.relaunches_max});
  RelaunchNotes notes(folder);
  const double begun = steady_clock().now_seconds();
  const Supervisor supervisor;
  SupervisedEnd end = supervisor.run(options, folder);
  while (const auto next = relaunches.after(start_end(folder, end))) {
    notes.add(*next);
    notes.write();
    tell(*next, config.run.relaunches_max);
    if (!supervisor.pause(next->pause_seconds)) return stopped_between_starts(folder);
    clear_for_start(folder);
    const double seconds_used = steady_clock().now_seconds() - begun;
    end = supervisor.run(options_for(options, config, places, *next, seconds_used), folder);
  }
  notes.write();
  const Outcome last = relaunches.closing(end.outcome);
  if (last.text == end.outcome.text) return end;
  std::error_code ignored;  // it is written anew
  std::filesystem::remove(folder.file("outcome.json"), ignored);
  (void)folder.write_outcome(last);
  return {.outcome = last, .is_of_a_rank = false, .first_signal = end.first_signal};
}

}  // namespace crossilo
