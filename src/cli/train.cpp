#include "crossilo/cli/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../launch/mpirun.hpp"
#include "command_line.hpp"
#include "config_arguments.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/summary.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "crossilo/round/hosting.hpp"
#include "missing_silos.hpp"
#include "relaunching.hpp"
#include "run_place.hpp"
#include "train_rank.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

struct TrainArguments {
  int np = 0;
  std::string without_silos;
  RankPlaces places;
};

const CommandText kText{.name = "train",
                        .usage = R"(Trains one model over the silos of a configuration. Only masked words leave a silo.

  crossilo train CONFIG.ini --np N               N ranks on this machine, under mpirun
  crossilo train CONFIG.ini --np N --simulate    fewer ranks than silos: each trains several in turn
  mpirun -np N crossilo train CONFIG.ini         or start the ranks yourself

With as many ranks as silos, each rank is one silo: the first of run.silos is rank 0, unless each rank has CROSSILO_SILO
set or run.silo in its silo's own file. A simulation has the same model to the last bit and needs run.one_machine =
true. Results go to runs/NAME-K. With --np, Ctrl-C ends after the round at hand with a checkpoint and exit code 75; a
second one ends at once. The same command goes on from there, as after a crash; after a lost silo --np does so by
itself. mpirun started by hand kills its ranks on Ctrl-C before they can save: stop it with kill -USR1 and its process
number.

)",
                        .example = "\nExample:  crossilo train configs/heart.ini --np 4\n",
                        .positional = {"CONFIG"},
                        .takes_settings = true};

int number_of_ranks(const std::string& text) {
  int ranks = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ranks);
  if (error != std::errc() || end != text.data() + text.size() || ranks < 1)
    throw ConfigError(fmt::format("--np {}: a number of ranks from 1 on is wanted, such as --np 4", text));
  return ranks;
}

double number_of_hours(const std::string& text) {
  double hours = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hours);
  if (error != std::errc() || end != text.data() + text.size() || !(hours > 0.0))
    throw ConfigError(fmt::format("--max_hours {}: a number above 0 is wanted, such as --max_hours 23.5", text));
  return hours;
}

po::options_description train_options() {
  po::options_description options("Options");
  for (const LaunchOption& option : launch_options()) {
    auto* const value = po::value<std::string>();
    if (!option.default_value.empty()) value->default_value(option.default_value);
    if (option.argument.empty())
      options.add_options()(option.name.c_str(), po::bool_switch(), option.meaning.c_str());
    else
      options.add_options()(option.name.c_str(), value->value_name(option.argument), option.meaning.c_str());
  }
  return options;
}

std::optional<po::variables_map> parse(TrainArguments& arguments, int argc, char** argv) {
  const auto values = parse_command_line(kText, train_options(), argc, argv);
  if (!values) return values;
  const auto is_on = [&](const char* name) { return (*values)[name].as<bool>(); };
  const auto text = [&](const char* name) {
    return values->count(name) == 0 ? std::string() : (*values)[name].as<std::string>();
  };
  if (values->count("np") != 0) arguments.np = number_of_ranks(text("np"));
  RankPlaces& places = arguments.places;
  places.simulates = is_on("simulate");
  arguments.without_silos = text("without_silos");
  places.resume = text("resume");
  if (values->count("max_hours") != 0) places.max_hours = number_of_hours(text("max_hours"));
  places.runs_folder = text("runs");
  places.run_folder = text("run_folder");
  places.prints_json = is_on("json");
  places.is_quiet = is_on("quiet") || places.prints_json;
  if (is_on("verbose")) places.stderr_level = LogLevel::debug;
  if (is_on("quiet") && is_on("verbose")) throw ConfigError("--quiet and --verbose: choose one");
  if (arguments.np > 0 && !places.run_folder.empty())
    throw ConfigError("--run_folder: --np makes its own run folder; --runs says where");
  return values;
}

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
int train_under_mpirun(const Config& config, const TrainArguments& arguments, int argc, char** argv) {
  check_simulation(config, arguments.places);
  check_one_supervisor(arguments.np);
  check_no_claim(config);
  check_ranks(config, arguments.np, arguments.places);
  check_own_places(config, arguments.np);
  const std::string crowded = crowding({.ranks = arguments.np, .threads = config.run.threads, .cores = usable_cores()});
  if (!crowded.empty()) show_warning(crowded);
  check_model_file(config.model);
  if (config.run.one_machine) check_task(config, check_silo_files(present(config, arguments.places)));
  SupervisorOptions supervised{.arguments = {"train"},
                               .ranks = arguments.np,
                               .shows_command = !arguments.places.is_quiet,
                               .end_seconds_max = config.run.peer_seconds_max};
  for (const std::string& argument : without_option({argv, argv + argc})) supervised.arguments.push_back(argument);
  const OpenedRun opened = open_run(config, arguments.places);
  const RunFolder& folder = opened.folder;
  const SupervisedEnd end = supervise_run(config, arguments.places, supervised, folder);
  if (!end.outcome.text.empty()) fmt::print(stderr, "crossilo: {}\n", end.outcome.text);
  if (opened.is_new) remove_if_refused(folder, end.outcome.exit_code);
  leave_report_of_failure(folder, end);
  if (arguments.places.prints_json && !left_summary(end)) fmt::print("{}", outcome_text(folder, end.outcome));
  return static_cast<int>(end.outcome.exit_code);
}

}  // namespace

int run_train(int argc, char** argv) {
  TrainArguments arguments;
  const auto values = parse(arguments, argc, argv);
  if (!values) return 0;
  const auto& files = (*values)["CONFIG"].as<std::vector<std::string>>();
  if (files.size() != 1)
    throw ConfigError(fmt::format("train: {} files are given, one is wanted; see crossilo train --help", files.size()));
  const Config config = load_config(config_request(files.front(), *values)).config;
  arguments.places.missing = missing_silos(config.run, arguments.without_silos);
  arguments.places.command = shell_line({own_program(), "train"});
  for (const std::string& argument : without_option({argv, argv + argc}))
    arguments.places.command += " " + shell_line({argument});
  if (arguments.np > 0) return train_under_mpirun(config, arguments, argc, argv);
  return static_cast<int>(train_as_rank(config, arguments.places));
}

}  // namespace crossilo
