#include "crossilo/cli/train.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <boost/program_options.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "train_rank.hpp"

namespace crossilo {
namespace {

namespace options = boost::program_options;

struct TrainArguments {
  std::string config;
  int np = 0;
  RankPlaces places;
  bool is_verbose = false;
  bool wants_help = false;
};

// Boost would take --n for --np.
constexpr int kExactOptions = options::command_line_style::default_style & ~options::command_line_style::allow_guessing;

constexpr const char* kHelp = R"(Trains one model over the silos of a configuration. Only masked words leave a silo.

  crossilo train CONFIG.ini --np N               N ranks on this machine, under mpirun
  crossilo train CONFIG.ini --np N --simulate    fewer ranks than silos: each trains several in turn
  mpirun -np N crossilo train CONFIG.ini         or start the ranks yourself

With as many ranks as silos, each rank is one silo: the first of run.silos is rank 0, unless each rank has CROSSILO_SILO
set or run.silo in its silo's own file. A simulation has the same model to the last bit and needs run.one_machine =
true. Results go to runs/NAME-K. With --np, Ctrl-C ends after the round at hand and saves; a second one ends at once.
mpirun started by hand kills its ranks on Ctrl-C before they can save: stop it with kill -USR1 and its process number.

{}
Example:  crossilo train configs/heart.ini --np 4
)";

TrainArguments parse(int argc, char** argv) {
  TrainArguments arguments;
  options::options_description shown("Options");
  shown.add_options()("np", options::value(&arguments.np), "ranks to start with mpirun")(
      "runs", options::value(&arguments.places.runs_folder)->default_value("runs"), "where the run's folder is made")(
      "simulate", options::bool_switch(&arguments.places.simulates), "fewer ranks than silos")(
      "quiet", options::bool_switch(&arguments.places.is_quiet), "only warnings, errors and the last lines")(
      "verbose", options::bool_switch(&arguments.is_verbose), "the first rank's log, from debug on, on stderr too")(
      "help,h", options::bool_switch(&arguments.wants_help), "this text");
  options::options_description all;
  all.add(shown).add_options()("config", options::value(&arguments.config))(
      "run_folder", options::value(&arguments.places.run_folder));
  options::positional_options_description positional;
  positional.add("config", 1);
  const std::vector<std::string> words(argv, argv + argc);
  try {
    options::variables_map values;
    options::store(options::command_line_parser(words).options(all).positional(positional).style(kExactOptions).run(),
                   values);
    options::notify(values);
    if (values.count("np") != 0 && arguments.np < 1) throw ConfigError("--np: a number of ranks from 1 on is wanted");
    if (arguments.places.is_quiet && arguments.is_verbose) throw ConfigError("--quiet and --verbose: choose one");
  } catch (const options::error& error) {
    throw ConfigError(fmt::format("train: {}; see crossilo train --help", error.what()));
  }
  if (arguments.is_verbose) arguments.places.stderr_level = LogLevel::debug;
  if (arguments.wants_help) fmt::print(fmt::runtime(kHelp), fmt::streamed(shown));
  return arguments;
}

/// Throws where so many ranks would refuse to run, before any is started.
void check_ranks(const Config& config, int ranks, bool simulates) {
  const std::size_t silos = config.run.silos.size();
  const auto processes = static_cast<std::size_t>(ranks);
  if (processes > silos || (!simulates && processes != silos))
    throw EnvironmentError(fmt::format(
        "{} silos, but {} process{} wanted by --np{}; nothing was started", silos, ranks, ranks == 1 ? " is" : "es are",
        processes > silos ? "" : ": add --simulate if each shall train several in turn"));
}

/// Throws where a simulation is asked for that cannot be one.
void check_simulation(const Config& config, bool simulates) {
  if (simulates && !config.run.one_machine)
    throw ConfigError(
        "--simulate: one process reads several silos' files, so run.one_machine = true is wanted; nothing was started");
}

/// Starts the ranks and says how they ended.
int train_under_mpirun(const Config& config, const TrainArguments& arguments, int argc, char** argv) {
  check_ranks(config, arguments.np, arguments.places.simulates);
  const std::string crowded = crowding({.ranks = arguments.np, .threads = config.run.threads, .cores = usable_cores()});
  if (!crowded.empty()) fmt::print(stderr, "crossilo: warning: {}\n", crowded);
  if (config.run.one_machine) check_silo_files(config);
  SupervisorOptions supervised{.arguments = {"train"},
                               .ranks = arguments.np,
                               .shows_command = !arguments.places.is_quiet,
                               .end_seconds_max = config.run.peer_seconds_max};
  for (const std::string& argument : without_np({argv, argv + argc})) supervised.arguments.push_back(argument);
  const RunFolder folder = RunFolder::create(arguments.places.runs_folder, config.run.name);
  const SupervisedEnd end = supervise(supervised, folder);
  if (!end.is_told && !end.outcome.text.empty()) fmt::print(stderr, "crossilo: {}\n", end.outcome.text);
  // The ranks were all asked by USR1; only this process knows that it was Ctrl-C.
  const bool was_interrupted = end.outcome.exit_code == ExitCode::terminated && end.first_signal == SIGINT;
  return static_cast<int>(was_interrupted ? ExitCode::interrupted : end.outcome.exit_code);
}

}  // namespace

int run_train(int argc, char** argv) {
  const TrainArguments arguments = parse(argc, argv);
  if (arguments.wants_help) return 0;
  if (arguments.config.empty()) throw ConfigError("train: which configuration? crossilo train CONFIG.ini --np N");
  Config config = load_config(arguments.config);
  if (const char* const silo = std::getenv("CROSSILO_SILO")) config.run.silo = silo;
  check_simulation(config, arguments.places.simulates);
  if (arguments.np > 0) return train_under_mpirun(config, arguments, argc, argv);
  return static_cast<int>(train_as_rank(config, arguments.places));
}

}  // namespace crossilo
