#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>

#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/supervisor.hpp"

namespace crossilo {
namespace {

std::string describe_end(const RunEnd& end) {
  return WIFSIGNALED(end.launcher_status)
             ? fmt::format("{} was ended by signal {}", end.launcher, WTERMSIG(end.launcher_status))
             : fmt::format("{} ended with code {}", end.launcher, WEXITSTATUS(end.launcher_status));
}

/// True where a rank ended by itself, since another did not leave MPI in time (launch/signals, EndDeadline).
bool left_in_time(const RunEnd& end) {
  return WIFEXITED(end.launcher_status) && WEXITSTATUS(end.launcher_status) == static_cast<int>(ExitCode::peer_lost);
}

/// "silo va (rank 3, host n4) died in round 17 (no answer, its process is gone)"
std::string describe_death(const RankStatus& status) {
  const std::string when =
      status.round.value == 0 ? "before the first round" : fmt::format("in round {}", status.round.value);
  return fmt::format("{} died {} (no answer, its process is gone)", name_of(status.identity), when);
}

Outcome lost_silos(const RunFolder& folder, const std::vector<RankStatus>& dead) {
  std::vector<std::string> deaths;
  std::vector<std::string> silos;
  for (const RankStatus& status : dead) {
    deaths.push_back(describe_death(status));
    silos.push_back(status.identity.silos);
  }
  return {ExitCode::peer_lost,
          fmt::format("{}; the others were stopped. Was there enough memory (dmesg)? What the silos logged: {}. The "
                      "same command goes on from the last checkpoint",
                      fmt::join(deaths, "; "), folder.file("logs")),
          fmt::format("{}", fmt::join(silos, ", "))};
}

/// The ranks that others had left behind, and that did nothing any more.
Outcome standing_silos(const std::vector<RankStatus>& statuses) {
  std::vector<std::string> names;
  std::vector<std::string> silos;
  for (const RankStatus& status : statuses) {
    names.push_back(name_of(status.identity));
    silos.push_back(status.identity.silos);
  }
  return {ExitCode::peer_lost,
          fmt::format("{} did nothing any more after the others had finished; the models are saved, only the "
                      "closing table is missing",
                      fmt::join(names, ", ")),
          fmt::format("{}", fmt::join(silos, ", "))};
}

/// The last model is written behind the best one.
bool has_models(const RunFolder& folder) {
  std::error_code error;
  return std::filesystem::exists(folder.file("model/last.safetensors"), error);
}

Outcome without_outcome_file(const RunFolder& folder, int ranks, const RunEnd& end) {
  if (end.signal != 0)
    return {end.signal == SIGINT ? ExitCode::interrupted : ExitCode::terminated,
            std::string("ended at once, as asked for a second time; the round under way is lost, ") +
                (has_models(folder) ? "the models of the rounds before are saved" : "and no model was saved"),
            {}};
  const std::vector<RankStatus> statuses = read_rank_statuses(folder);
  if (end.began_too_late)
    return {ExitCode::environment,
            fmt::format("only {} of {} ranks had begun in time; the run was ended. Is the machine very busy, or does a "
                        "rank hang while MPI starts? Run the line above without -q to hear more",
                        statuses.size(), ranks),
            {}};
  if (!end.standing.empty()) return standing_silos(end.standing);
  std::vector<RankStatus> dead;
  std::copy_if(statuses.begin(), statuses.end(), std::back_inserter(dead), [](auto& status) { return status.died(); });
  // When mpirun itself is killed, all ranks are: then none of them is to blame.
  const bool mpirun_was_killed = WIFSIGNALED(end.launcher_status) || dead.size() == static_cast<std::size_t>(ranks);
  if (!dead.empty() && !(mpirun_was_killed && ranks > 1)) return lost_silos(folder, dead);
  if (!end.refusal.empty())
    return {ExitCode::environment,
            fmt::format("mpirun would not start {} ranks: {}; see crossilo doctor", ranks, end.refusal),
            {}};
  if (static_cast<int>(statuses.size()) < ranks)
    return {ExitCode::environment,
            fmt::format("{} when only {} of {} ranks had begun; its own words are suppressed by -q: run the line above "
                        "without it",
                        describe_end(end), statuses.size(), ranks),
            {}};
  if (WIFEXITED(end.launcher_status) && WEXITSTATUS(end.launcher_status) == static_cast<int>(ExitCode::storage))
    return {ExitCode::storage,
            fmt::format("{}: a silo could not write there, not even how the run ended; free the disk. The same command "
                        "goes on from the last checkpoint",
                        folder.path()),
            {}};
  if (std::any_of(statuses.begin(), statuses.end(), [](auto& status) { return !status.finished; }))
    return {WIFSIGNALED(end.launcher_status) || left_in_time(end) ? ExitCode::peer_lost : ExitCode::terminated,
            fmt::format("all silos were ended from outside: {}. The same command goes on from the last checkpoint",
                        describe_end(end)),
            {}};
  return {ExitCode::internal,
          fmt::format("all ranks finished, but none left {}; please report this", folder.file("outcome.json")),
          {}};
}

}  // namespace

SupervisedEnd judge(const RunFolder& folder, int ranks, const RunEnd& end) {
  if (const auto outcome = folder.read_outcome()) return {*outcome, true, end.first_signal};
  return {without_outcome_file(folder, ranks, end), false, end.first_signal};
}

}  // namespace crossilo
