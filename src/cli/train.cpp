#include "crossilo/cli/train.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <boost/program_options.hpp>
#include <csignal>
#include <cstdio>
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
  bool wants_help = false;
};

// Boost would take --n for --np.
constexpr int kExactOptions = options::command_line_style::default_style & ~options::command_line_style::allow_guessing;

constexpr const char* kHelp = R"(Trains one model over the silos of a configuration. Only masked words leave a silo.

  crossilo train CONFIG.ini --np N     N ranks on this machine, under mpirun
  mpirun -np N crossilo train CONFIG.ini

With as many ranks as silos, each rank is one silo. With run.one_machine = true fewer may be started, which train
several silos in turn (a simulation, same model to the last bit); two ranks only where privacy.allow_two_silos = true,
since each could read the other's part from the sum. Results go to runs/NAME-K.
With --np, Ctrl-C ends after the round at hand and saves; a second one ends at once. mpirun started by hand kills its
ranks on Ctrl-C before they can save: stop it with kill -USR1 and its process number.

{}
Example:  crossilo train configs/heart.ini --np 4
)";

TrainArguments parse(int argc, char** argv) {
  TrainArguments arguments;
  options::options_description shown("Options");
  shown.add_options()("np", options::value(&arguments.np), "ranks to start with mpirun")(
      "runs", options::value(&arguments.places.runs_folder)->default_value("runs"), "where the run's folder is made")(
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
  } catch (const options::error& error) {
    throw ConfigError(fmt::format("train: {}; see crossilo train --help", error.what()));
  }
  if (arguments.wants_help) fmt::print(fmt::runtime(kHelp), fmt::streamed(shown));
  return arguments;
}

/// Throws where so many ranks would refuse to run, before any is started.
void check_ranks(const Config& config, int ranks) {
  const std::size_t silos = config.run.silos.size();
  const auto processes = static_cast<std::size_t>(ranks);
  if (processes > silos || (!config.run.one_machine && processes != silos))
    throw EnvironmentError(fmt::format("{} silos, but {} process{} wanted by --np{}; nothing was started", silos, ranks,
                                       ranks == 1 ? " is" : "es are",
                                       processes > silos ? "" : ": fewer are a simulation (run.one_machine = true)"));
  if (ranks == 2 && config.privacy.masking && !config.privacy.allow_two_silos)
    throw ConfigError(
        "--np 2: of two ranks each could read the other's part from the sum. Start 3 ranks or more (or 1, a simulation "
        "without masks), or set privacy.allow_two_silos = true where that is meant; nothing was started");
}

/// Starts the ranks and says how they ended.
int train_under_mpirun(const Config& config, const TrainArguments& arguments, int argc, char** argv) {
  check_ranks(config, arguments.np);
  if (config.run.one_machine) check_silo_files(config);
  SupervisorOptions supervised{
      .arguments = {"train"}, .ranks = arguments.np, .end_seconds_max = config.run.peer_seconds_max};
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
  const Config config = load_config(arguments.config);
  if (arguments.np > 0) return train_under_mpirun(config, arguments, argc, argv);
  return static_cast<int>(train_as_rank(config, arguments.places));
}

}  // namespace crossilo
