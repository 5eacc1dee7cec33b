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
#include "missing_silos.hpp"
#include "run_place.hpp"

namespace crossilo {
namespace {

constexpr const char* kWithoutSilos = "--without_silos";

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

StartEnd start_end(const RunFolder& folder, const SupervisedEnd& end) {
  StartEnd result{.outcome = end.outcome, .is_of_a_rank = end.is_of_a_rank, .was_stopped = end.first_signal != 0};
  if (const auto manifest = read_manifest(folder); manifest && !manifest->starts.empty())
    result.from = manifest->starts.back().from_round;
  for (const RankStatus& status : read_rank_statuses(folder))
    if (status.round.value > 0) result.finished = std::max(result.finished, RoundIndex{status.round.value - 1});
  return result;
}

RelaunchRules relaunch_rules(const Config& config, const RankPlaces& places) {
  const std::size_t silos = config.run.silos.size() - places.missing.size();
  return {.silos = silos,
          // Where a rank trains several silos, it cannot be lost with one of them alone.
          .silos_min = places.simulates ? silos : std::min(silos, fewest_silos(config.run)),
          .in_a_row_max = config.run.relaunches_max};
}

void tell_relaunch(const std::optional<RunFolder>& folder, const Relaunch& next, std::uint32_t in_a_row_max) {
  const std::string without =
      next.missing.empty() ? "" : fmt::format(", without silo {}", fmt::join(next.missing, ", "));
  show_text(stderr, fmt::format("crossilo: {}; started again in {:.0f} s ({} of at most {} times in a row){}\n",
                                next.why, next.pause_seconds, next.in_a_row, in_a_row_max, without));
  if (folder) add_relaunch(*folder, {.unix_seconds = unix_seconds(), .why = next.why, .missing = next.missing});
}

std::vector<std::string> next_arguments(std::vector<std::string> arguments, const NextStart& start) {
  const RankPlaces& places = start.places;
  if (places.max_hours > 0.0) {
    const double hours = std::max(places.max_hours - start.seconds_used / 3600.0, 1e-6);
    arguments = without_option(arguments, "--max_hours");
    arguments.insert(arguments.end(), {"--max_hours", fmt::format("{:.6f}", hours)});
  }
  if (start.relaunch.missing.empty()) return arguments;
  std::vector<std::string> missing = start.relaunch.missing;
  for (const SiloId silo : places.missing) missing.push_back(start.config.run.silos.at(silo.value));
  arguments = without_option(arguments, kWithoutSilos);
  arguments.insert(arguments.end(), {kWithoutSilos, fmt::format("{}", fmt::join(missing, ","))});
  return arguments;
}

bool leave_closing(const RunFolder& folder, const Outcome& outcome, const Outcome& closing) {
  if (closing.text == outcome.text) return false;
  std::error_code ignored;  // it is written anew
  std::filesystem::remove(folder.file("outcome.json"), ignored);
  return folder.write_outcome(closing);
}

SupervisedEnd supervise_run(const Config& config, const RankPlaces& places, const SupervisorOptions& options,
                            const RunFolder& folder) {
  Relaunches relaunches(relaunch_rules(config, places));
  const double begun = steady_clock().now_seconds();
  const Supervisor supervisor;
  SupervisedEnd end = supervisor.run(options, folder);
  while (const auto next = relaunches.after(start_end(folder, end))) {
    tell_relaunch(folder, *next, config.run.relaunches_max);
    if (!supervisor.pause(next->pause_seconds)) return stopped_between_starts(folder);
    clear_for_start(folder);
    SupervisorOptions again = options;
    again.shows_command = false;
    again.ranks -= static_cast<int>(next->missing.size());
    again.arguments = next_arguments(
        options.arguments,
        {.config = config, .places = places, .relaunch = *next, .seconds_used = steady_clock().now_seconds() - begun});
    end = supervisor.run(again, folder);
  }
  const Outcome last = relaunches.closing(end.outcome);
  if (!leave_closing(folder, end.outcome, last)) return end;
  return {.outcome = last, .is_of_a_rank = false, .first_signal = end.first_signal};
}

}  // namespace crossilo
