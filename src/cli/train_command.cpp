#include "train_command.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>

#include "../launch/mpirun.hpp"
#include "command_line.hpp"
#include "config_arguments.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "missing_silos.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

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
    if (option.argument.empty()) {
      options.add_options()(option.name.c_str(), po::bool_switch(), option.meaning.c_str());
      continue;
    }
    auto* const value = po::value<std::string>()->value_name(option.argument);
    if (!option.default_value.empty()) value->default_value(option.default_value);
    options.add_options()(option.name.c_str(), value, option.meaning.c_str());
  }
  return options;
}

}  // namespace

std::optional<TrainCommand> parse_train(int argc, char** argv) {
  const auto values = parse_command_line(kText, train_options(), argc, argv);
  if (!values) return std::nullopt;
  const auto is_on = [&](const char* name) { return (*values)[name].as<bool>(); };
  const auto text = [&](const char* name) {
    return values->count(name) == 0 ? std::string() : (*values)[name].as<std::string>();
  };
  TrainCommand command;
  if (values->count("np") != 0) command.np = number_of_ranks(text("np"));
  RankPlaces& places = command.places;
  places.simulates = is_on("simulate");
  places.resume = text("resume");
  if (values->count("max_hours") != 0) places.max_hours = number_of_hours(text("max_hours"));
  places.runs_folder = text("runs");
  places.run_folder = text("run_folder");
  places.prints_json = is_on("json");
  places.is_quiet = is_on("quiet") || places.prints_json;
  if (is_on("verbose")) places.stderr_level = LogLevel::debug;
  if (is_on("quiet") && is_on("verbose")) throw ConfigError("--quiet and --verbose: choose one");
  if (command.np > 0 && !places.run_folder.empty())
    throw ConfigError("--run_folder: --np makes its own run folder; --runs says where");
  const auto& files = (*values)["CONFIG"].as<std::vector<std::string>>();
  if (files.size() != 1)
    throw ConfigError(fmt::format("train: {} files are given, one is wanted; see crossilo train --help", files.size()));
  command.config = load_config(config_request(files.front(), *values)).config;
  places.missing = missing_silos(command.config.run, text("without_silos"));
  places.command = shell_line({own_program(), "train"});
  for (const std::string& word : without_option({argv, argv + argc})) places.command += " " + shell_line({word});
  return command;
}

}  // namespace crossilo
