#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/report.hpp"
#include "crossilo/io/text.hpp"
#include "text_table.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const CommandText kText{.name = "runs",
                        .usage =
                            "Usage: crossilo runs [FOLDER] [--json]\n"
                            "Lists the runs in a folder (default: runs), the newest last: how each ended, rounds, the\n"
                            "metric on all test rows, when it began and how long it took.\n\n",
                        .example = "\nExample: crossilo runs\n",
                        .positional = {"FOLDER"},
                        .positional_optional = true};

/// The run folders directly in a folder, by start.
std::vector<RunSummary> runs_in(const std::string& parent) try {
  std::vector<RunSummary> runs;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent))
    if (fs::is_directory(entry.path() / "ranks")) runs.push_back(run_summary(entry.path().string()));
  const auto key = [](const RunSummary& run) {
    const double started = run.started_unix_seconds();
    return std::pair(started == started ? started : 0.0, run.name);
  };
  std::ranges::sort(runs, std::less<>(), key);
  return runs;
} catch (const fs::filesystem_error& failure) {
  throw StorageError(
      fmt::format("{}: cannot be listed: {}; name the folder in which runs lie", parent, failure.code().message()));
}

std::string rounds_text(const RunSummary& run) {
  const std::uint32_t done = run.rounds.empty() ? 0 : run.rounds.back().round;
  return run.rounds_wanted() > 0 ? fmt::format("{}/{}", done, run.rounds_wanted()) : fmt::format("{}", done);
}

}  // namespace

int run_runs(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print a JSON array");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  std::vector<std::string> folders{"runs"};
  if (values->count("FOLDER") > 0) folders = (*values)["FOLDER"].as<std::vector<std::string>>();
  if (folders.size() != 1)
    throw ConfigError(
        fmt::format("runs: {} folders are given, one is wanted; see crossilo runs --help", folders.size()));
  const std::vector<RunSummary> runs = runs_in(folders.front());
  if (values->count("json") > 0) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const RunSummary& run : runs) json.push_back(run_json(run));
    fmt::print("{}", json_text(json));
    return 0;
  }
  if (runs.empty()) {
    fmt::print("no runs in {}\n", folders.front());
    return 0;
  }
  std::vector<TextRow> rows{{"run", "status", "rounds", "metric", "on test rows", "best round", "seconds", "started"}};
  for (const RunSummary& run : runs)
    rows.push_back({run.name, run.status, rounds_text(run), metric_title(run.metric), quality_text(run.final_metric()),
                    run.best ? fmt::format("{}", run.best->round) : "–", readable_seconds(run.seconds()),
                    utc_text(run.started_unix_seconds())});
  fmt::print("{}", text_table(rows, {false, false, true, false, true, true, true, false}));
  return 0;
}

}  // namespace crossilo
