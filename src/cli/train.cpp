#include "crossilo/cli/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/summary.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "crossilo/round/hosting.hpp"
#include "relaunching.hpp"
#include "run_place.hpp"
#include "train_command.hpp"
#include "train_rank.hpp"

namespace crossilo {
namespace {

/// Throws where so many ranks would refuse to run, before any is started.
void check_ranks(const Config& config, int ranks, const RankPlaces& places) {
  const bool simulates = places.simulates;
  const std::size_t silos = config.run.silos.size() - places.missing.size();
  const auto processes = static_cast<std::size_t>(ranks);
  if (processes > silos || (!simulates && processes != silos))
    throw EnvironmentError(fmt::format(
        "{} silos, but {} process{} wanted by --np{}; nothing was started", silos, ranks, ranks == 1 ? " is" : "es are",
        processes > silos ? fmt::format(": start with --np {}, one rank for each silo", silos)
                          : ": add --simulate if each shall train several in turn"));
}

/// Throws where each of several processes would start all ranks.
void check_one_supervisor(int ranks) {
  const auto launch = detect_launch();
  if (launch && launch->processes > 1)
    throw EnvironmentError(
        fmt::format("{} started {} processes, and each would start {} ranks: leave --np out, or start this once; "
                    "nothing was started",
                    launch->launcher, launch->processes, ranks));
}

/// Throws where all ranks of this command would be the same silo.
void check_no_claim(const Config& config) {
  if (!config.run.silo.empty() && config.run.silos.size() > 1)
    throw ConfigError(fmt::format(
        "run.silo = {} (or CROSSILO_SILO) says which silo one rank is, but --np starts them all here, in the order of "
        "run.silos: leave it out; nothing was started",
        config.run.silo));
}

/// Throws where all ranks of this command would read one silo's file, or share its secret. With run.one_machine = true
/// the configuration itself is refused.
void check_own_places(const Config& config, int ranks) {
  const std::pair<const char*, const std::string&> places[] = {{"data.path", config.data.path},
                                                               {"data.private_folder", config.data.private_folder}};
  for (const auto& [key, path] : places)
    if (ranks > 1 && path.find("{silo}") == std::string::npos)
      throw ConfigError(
          fmt::format("{} = {}: --np starts {} ranks here, and all would use this one: write {{silo}} where the silo's "
                      "name belongs, or start each silo on its own machine; nothing was started",
                      key, path, ranks));
}

/// The configuration with the silos alone that this start has.
Config present(Config config, const RankPlaces& places) {
  const std::vector<std::string> all = std::exchange(config.run.silos, {});
  for (const SiloId silo : present_silos(all.size(), places.missing)) config.run.silos.push_back(all[silo.value]);
  return config;
}

/// Removes the folder of a run that was refused before its first round: the message says all that it holds, and the
/// next run gets its number.
void remove_if_refused(const RunFolder& folder, ExitCode exit_code) {
  const bool is_refusal =
      exit_code == ExitCode::configuration || exit_code == ExitCode::environment || exit_code == ExitCode::data;
  const auto has_begun = [](const RankStatus& status) { return status.round.value > 0; };
  std::error_code ignored;  // a folder that stays is no harm
  if (is_refusal && std::ranges::none_of(read_rank_statuses(folder), has_begun))
    std::filesystem::remove_all(folder.path(), ignored);
}

/// True where the first rank lived to tell the end of the run.
bool left_summary(const SupervisedEnd& end) {
  const ExitCode code = end.outcome.exit_code;
  return end.is_of_a_rank && (code == ExitCode::success || code == ExitCode::requeue);
}

/// Where ranks died, none of them is left to write the page that says so.
void leave_report_of_failure(const RunFolder& folder, const SupervisedEnd& end) {
  std::error_code error;
  if (left_summary(end) || !std::filesystem::exists(folder.file("metrics.jsonl"), error)) return;
  if (const std::string path = leave_report(folder.path()); !path.empty()) fmt::print(stderr, "report  {}\n", path);
}

/// Starts the ranks and says how they ended.
int train_under_mpirun(const TrainCommand& command, const std::vector<std::string>& words) {
  const Config& config = command.config;
  check_simulation(config, command.places);
  check_one_supervisor(command.np);
  check_no_claim(config);
  check_ranks(config, command.np, command.places);
  check_own_places(config, command.np);
  const std::string crowded = crowding({.ranks = command.np, .threads = config.run.threads, .cores = usable_cores()});
  if (!crowded.empty()) show_warning(crowded);
  check_model_file(config.model);
  if (config.run.one_machine) check_task(config, check_silo_files(present(config, command.places)));
  SupervisorOptions supervised{.arguments = {"train"},
                               .ranks = command.np,
                               .shows_command = !command.places.is_quiet,
                               .end_seconds_max = config.run.peer_seconds_max};
  for (const std::string& word : without_option(words)) supervised.arguments.push_back(word);
  const OpenedRun opened = open_run(config, command.places);
  const RunFolder& folder = opened.folder;
  const SupervisedEnd end = supervise_run(config, command.places, supervised, folder);
  if (!end.outcome.text.empty()) fmt::print(stderr, "crossilo: {}\n", end.outcome.text);
  if (opened.is_new) remove_if_refused(folder, end.outcome.exit_code);
  leave_report_of_failure(folder, end);
  if (command.places.prints_json && !left_summary(end)) fmt::print("{}", outcome_text(folder, end.outcome));
  return static_cast<int>(end.outcome.exit_code);
}

}  // namespace

int run_train(int argc, char** argv) {
  const auto command = parse_train(argc, argv);
  if (!command) return 0;
  if (command->np > 0) return train_under_mpirun(*command, {argv, argv + argc});
  return static_cast<int>(train_as_rank(command->config, command->places));
}

}  // namespace crossilo
