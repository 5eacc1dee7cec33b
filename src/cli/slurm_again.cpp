#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "command_line.hpp"
#include "crossilo/base/clock.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/cli/slurm_commands.hpp"
#include "crossilo/io/manifest.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/run_lock.hpp"
#include "crossilo/launch/placement.hpp"
#include "crossilo/round/hosting.hpp"
#include "relaunching.hpp"
#include "site_rule.hpp"
#include "train_command.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;
using Names = std::vector<std::string>;

const CommandText kText{
    .name = "slurm again",
    .usage =
        "Usage: crossilo slurm again --ends FILE --run_folder FOLDER [options] -- LAUNCHER… crossilo train CONFIG.ini "
        "…\n"
        "What slurm/lib.sh asks when a start in its job has lost a silo, with the command of the first start: whether\n"
        "there is another, and without which silos, by the same rules as under crossilo train --np. If so, it prints "
        "the\n"
        "seconds to wait before, and the command, one word a line. Otherwise it ends with the run's exit code.\n\n",
    .example =
        "\nExample: crossilo slurm again --ends ends --run_folder runs/heart-1 --hosts 'a1:1,a2:1;b1:2,b2:0' --\n"
        "           srun --mpi=pmix --het-group=0,1 /opt/crossilo train my.ini\n",
    .positional = {"COMMAND"}};

po::options_description again_options() {
  po::options_description options("Options");
  const auto add = [&](const char* name, const char* argument, const char* value, const char* meaning) {
    options.add_options()(name, po::value<std::string>()->value_name(argument)->default_value(value), meaning);
  };
  add("ends", "FILE", "", "how earlier starts in this job ended; this end is added to it");
  add("run_folder", "FOLDER", "", "of the run; empty where it did not come as far as that");
  add("status", "N", "137", "with which the launcher ended");
  add("hosts", "GROUPS", "",
      "the hosts of the job and how many ranks each has room for, 0 where it does not answer: a1:1,a2:1;b1:2,b2:0, "
      "with a semicolon between groups");
  add("seconds_used", "S", "0", "by the starts before, of --max_hours");
  return options;
}

Names names_in(const std::string& text) {
  Names names;
  for (const std::string& part : parts_of(text, ','))
    if (!trimmed(part).empty()) names.emplace_back(trimmed(part));
  return names;
}

/// Notes where each silo was when it was last there. Returns of which site each host was.
SiteOfHost note_hosts(const RunFolder& folder, HostOfSilo& hosts) {
  SiteOfHost sites;
  if (const auto manifest = read_manifest(folder))
    for (const ManifestStart& start : manifest->starts)
      for (const ManifestRank& rank : start.ranks) {
        sites[rank.host] = rank.site;
        for (const std::string& silo : rank.silos) hosts[silo] = rank.host;
      }
  for (const RankStatus& status : read_rank_statuses(folder))
    for (const std::string& silo : names_in(status.identity.silos)) hosts[silo] = status.identity.host;
  return sites;
}

/// The starts before, of which this program keeps a file, since it does not live from one to the next.
struct Before {
  std::vector<StartEnd> ends;  // one a line
  HostOfSilo hosts;            // a start that dies in MPI has no folder that says them
};

Before read_ends(const std::string& path) {
  Before before;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    before.ends.push_back({.outcome = {static_cast<ExitCode>(json.at("exit_code")), "", json.at("silo")},
                           .is_of_a_rank = json.at("is_of_a_rank"),
                           .from = {json.at("from")},
                           .finished = {json.at("finished")},
                           .displaced = json.at("displaced")});
    before.hosts = json.at("hosts");
  }
  return before;
}

void add_end(const std::string& path, const StartEnd& end, const HostOfSilo& hosts) {
  const nlohmann::json json = {{"exit_code", static_cast<int>(end.outcome.exit_code)},
                               {"silo", end.outcome.silo},
                               {"is_of_a_rank", end.is_of_a_rank},
                               {"from", end.from.value},
                               {"finished", end.finished.value},
                               {"displaced", end.displaced},
                               {"hosts", hosts}};
  std::ofstream file(path, std::ios::app);
  if (!(file << json.dump() << std::endl)) throw StorageError(path + ": cannot be written");
}

unsigned long number(const std::string& option, const std::string& text) {
  unsigned long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw ConfigError(fmt::format("--{} {}: a whole number is wanted", option, text));
  return number;
}

/// Keeps others out of the folder, as ranks do; those of the start that has ended may need a moment to be gone.
/// Throws: StorageError where it is the folder of a run that lives.
RunLock lock_of_ended_run(const RunFolder& folder) {
  constexpr double kSecondsMax = 10.0;
  const double begun = steady_clock().now_seconds();
  while (is_run_locked(folder.path()) && steady_clock().now_seconds() < begun + kSecondsMax)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return {folder.path(), fmt::format("again-{}", ::getpid())};
}

/// The start of so many ranks that has just ended. Where no rank could leave its outcome in its folder, that is done
/// now: a launcher that was killed, or that killed the ranks, says 137 or 143 for all kinds of ends.
StartEnd last_end(const RunFolder& folder, std::size_t ranks, int launcher_code) {
  SupervisedEnd end = judge(folder, static_cast<int>(ranks),
                            {.launcher_status = W_EXITCODE(launcher_code, 0), .launcher = "the launcher"});
  if (!end.is_of_a_rank) {
    if (end.outcome.exit_code != ExitCode::storage) end.outcome.exit_code = ExitCode::peer_lost;
    (void)folder.write_outcome(end.outcome);
  }
  return start_end(folder, end);
}

/// "srun … /path/crossilo train CONFIG.ini …", taken apart.
struct FirstStart {
  LaunchCommand command;  // its program is without arguments
  Names arguments;        // behind "train"
};

FirstStart first_start(const Names& words) {
  for (std::size_t at = 2; at < words.size(); ++at)
    if (words[at] == "train")
      return {.command = {.launcher = {words.begin(), words.begin() + static_cast<long>(at) - 1},
                          .program = {words[at - 1], words[at]}},
              .arguments = {words.begin() + static_cast<long>(at) + 1, words.end()}};
  throw ConfigError(fmt::format("slurm again: \"{}\": a launcher, the program, train and its arguments are wanted",
                                fmt::join(words, " ")));
}

/// The silos of the next start.
Names silos_with(const TrainCommand& command, const Names& missing) {
  Names names;
  for (const SiloId silo : present_silos(command.config.run.silos.size(), command.places.missing))
    if (const std::string& name = command.config.run.silos[silo.value]; std::ranges::count(missing, name) == 0)
      names.push_back(name);
  return names;
}

/// Where Slurm laid out the ranks of the first start, in a job of so many groups: all that is known of one that died in
/// MPI.
GroupOfSilo first_groups(const TrainCommand& command, std::size_t groups) {
  Names tasks;
  for (std::size_t group = 0; group < groups; ++group)
    if (const char* const value = std::getenv(fmt::format("SLURM_TASKS_PER_NODE_HET_GROUP_{}", group).c_str()))
      tasks.emplace_back(value);
  return tasks.size() == groups ? groups_of_silos(silos_with(command, {}), tasks) : GroupOfSilo();
}

/// What follows that end. `displaced_without` tells who has no place where those are missing: whoever is left out may
/// take along those beside it, of whom nobody knows where they were.
template <class DisplacedWithout>
std::optional<Relaunch> next_start(Relaunches& relaunches, StartEnd& end, const DisplacedWithout& displaced_without) {
  const Relaunches before = relaunches;
  end.displaced = displaced_without(relaunches.still_missing(end));
  while (true) {
    auto next = relaunches.after(end);
    const Names more = next ? displaced_without(next->missing) : Names();
    if (more.empty()) return next;
    end.displaced.insert(end.displaced.end(), more.begin(), more.end());
    relaunches = before;
  }
}

/// True where the ranks start as they did at first.
bool stays_as_it_was(const std::vector<HostGroup>& groups, const Relaunch& next) {
  const auto is_gone = [](const HostSlots& host) { return host.slots == 0; };
  return next.missing.empty() &&
         std::ranges::none_of(groups, [&](const HostGroup& group) { return std::ranges::any_of(group, is_gone); });
}

/// Tells why there is no other start, and leaves that in the folder.
int end_of_run(const std::optional<RunFolder>& folder, const Outcome& last, const Outcome& closing) {
  if (folder) {
    (void)leave_closing(*folder, last, closing);
    (void)leave_report(folder->path());
  }
  fmt::print(stderr, "crossilo: {}\n", closing.text);
  return static_cast<int>(closing.exit_code);
}

}  // namespace

int run_slurm_again(int argc, char** argv) {
  const auto values = parse_command_line(kText, again_options(), argc, argv);
  if (!values) return 0;
  const auto text = [&](const char* name) { return (*values)[name].as<std::string>(); };
  if (text("ends").empty()) throw ConfigError("slurm again: --ends FILE is wanted; see crossilo slurm again --help");
  FirstStart first = first_start((*values)["COMMAND"].as<Names>());
  std::vector<char*> pointers;
  for (std::string& word : first.arguments) pointers.push_back(word.data());
  const auto train = parse_train(static_cast<int>(pointers.size()), pointers.data());
  if (!train) return 0;
  std::vector<HostGroup> groups = parse_host_groups(text("hosts"));

  StartEnd end{.outcome = {ExitCode::peer_lost, "the ranks were ended while MPI started", ""}, .is_of_a_rank = false};
  std::optional<RunFolder> folder;
  std::optional<RunLock> lock;
  SiteOfHost sites;
  Before earlier = read_ends(text("ends"));
  HostOfSilo& hosts = earlier.hosts;
  const RelaunchRules rules = relaunch_rules(train->config, train->places);
  Relaunches relaunches(rules);
  for (const StartEnd& before : earlier.ends) (void)relaunches.after(before);
  if (!text("run_folder").empty()) {
    folder.emplace(text("run_folder"));
    lock.emplace(lock_of_ended_run(*folder));
    end = last_end(*folder, rules.silos - relaunches.missing().size(),
                   static_cast<int>(number("status", text("status"))));
    sites = note_hosts(*folder, hosts);
  }
  set_sites(groups, site_rule(train->config), hosts, sites);
  const GroupOfSilo laid_out = first_groups(*train, groups.size());
  const auto next = next_start(relaunches, end, [&](const Names& missing) {
    return groups.empty() ? Names() : displaced_silos(groups, silos_with(*train, missing), hosts, laid_out);
  });
  if (!next) return end_of_run(folder, end.outcome, relaunches.closing(end.outcome));

  const auto seconds_used = static_cast<double>(number("seconds_used", text("seconds_used")));
  const Names arguments = next_arguments(
      first.arguments,
      {.config = train->config, .places = train->places, .relaunch = *next, .seconds_used = seconds_used});
  LaunchCommand& command = first.command;
  command.program.insert(command.program.end(), arguments.begin(), arguments.end());
  Names words = command.launcher;
  words.insert(words.end(), command.program.begin(), command.program.end());
  if (!stays_as_it_was(groups, *next)) {
    if (groups.empty()) throw ConfigError("slurm again: --hosts GROUPS is wanted, since a silo is left out");
    words = placed_command(command, places_of(groups, silos_with(*train, next->missing), hosts, laid_out));
  }
  add_end(text("ends"), end, hosts);
  tell_relaunch(folder, *next, train->config.run.relaunches_max);
  fmt::print("{:.0f}\n{}\n", next->pause_seconds, fmt::join(words, "\n"));
  return 0;
}

}  // namespace crossilo
