#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/report.hpp"
#include "crossilo/io/text.hpp"
#include "text_table.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "compare",
    .usage =
        "Usage: crossilo compare RUN RUN... [-o FILE] [--json]\n"
        "Draws metric and loss of several runs over each other on one page, and prints their results and the settings\n"
        "in which they differ.\n\n",
    .example = "\nExample: crossilo compare runs/heart-1 runs/heart-2 -o compare.html\n",
    .positional = {"RUN"}};

/// All runs, judged alike; those whose folders have one name are told apart by their paths.
std::vector<RunSummary> runs_of(const std::vector<std::string>& folders) {
  std::vector<RunSummary> runs;
  for (const std::string& folder : folders) runs.push_back(run_summary(folder));
  std::vector<std::string> names;
  for (const RunSummary& run : runs) names.push_back(run.name);
  for (RunSummary& run : runs)
    if (std::ranges::count(names, run.name) > 1) run.name = run.folder;
  return comparable_runs(std::move(runs));
}

std::string runs_text(const std::vector<RunSummary>& runs) {
  std::vector<TextRow> rows{{"run", "metric", "on test rows", "best round", "rounds", "seconds", "status"}};
  for (const RunSummary& run : runs)
    rows.push_back({run.name, metric_title(run.metric), quality_text(run.final_metric()),
                    run.best ? fmt::format("{}", run.best->round) : "–",
                    fmt::format("{}", run.rounds.empty() ? 0 : run.rounds.back().round),
                    readable_seconds(run.seconds()), run.status});
  std::string text = text_table(rows, {false, false, true, true, true, true, false});
  std::vector<TextRow> settings{{"settings that differ"}};
  for (const RunSummary& run : runs) settings.front().push_back(run.name);
  for (const auto& [key, values] : differing_settings(runs)) {
    settings.push_back({key});
    for (const std::string& value : values) settings.back().push_back(shortened_value(value));
  }
  if (settings.size() == 1) return text + "\n  no settings differ\n";
  return text + "\n" + text_table(settings, std::vector<bool>(runs.size() + 1, false));
}

nlohmann::ordered_json runs_json(const std::vector<RunSummary>& runs, const std::string& page) {
  nlohmann::ordered_json json = {{"page", page},
                                 {"runs", nlohmann::ordered_json::array()},
                                 {"differing_settings", nlohmann::ordered_json::object()}};
  for (const RunSummary& run : runs) json["runs"].push_back(run_json(run));
  for (const auto& [key, values] : differing_settings(runs)) json["differing_settings"][key] = values;
  return json;
}

}  // namespace

int run_compare(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("output,o", po::value<std::string>()->default_value("compare.html"), "the page to write")(
      "json", "print a JSON object");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const auto& folders = (*values)["RUN"].as<std::vector<std::string>>();
  if (folders.size() < 2)
    throw ConfigError("compare: one run is given, two or more are wanted; crossilo report takes one");
  const std::vector<RunSummary> runs = runs_of(folders);
  const auto& page = (*values)["output"].as<std::string>();
  write_file_atomically(page, compare_html(runs));
  for (const RunSummary& run : runs)
    for (const std::string& note : run.notes) fmt::print(stderr, "crossilo: note: {}\n", note);
  if (values->count("json") > 0)
    fmt::print("{}", json_text(runs_json(runs, page)));
  else
    fmt::print("{}\npage  {}\n", runs_text(runs), page);
  return 0;
}

}  // namespace crossilo
