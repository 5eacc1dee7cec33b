#include "crossilo/io/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/progress.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "report",
    .usage =
        "Usage: crossilo report RUN [--json]\n"
        "Writes RUN/report.html again: one page with the result, the course of training, what left each silo, where\n"
        "the time went, warnings, and how to repeat the run. It needs no network and no other file. Runs that were\n"
        "killed have one, too. crossilo train writes it at the end.\n\n",
    .example = "\nExample: crossilo report runs/heart-1\n",
    .positional = {"RUN"}};

}  // namespace

std::string leave_report(const std::string& folder) noexcept {
  std::string failure;
  try {
    return write_report(folder);
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "an unknown error";
  }
  const std::string text = "no report.html: " + failure;
  log_warning(text);
  show_warning(text);
  return {};
}

int run_report(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print a JSON object with what the page is about");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const auto& folders = (*values)["RUN"].as<std::vector<std::string>>();
  if (folders.size() != 1)
    throw ConfigError(
        fmt::format("report: {} runs are given, one is wanted; crossilo compare takes several", folders.size()));
  const RunSummary run = run_summary(folders.front());
  const std::string path = write_report(run);
  for (const std::string& note : run.notes) fmt::print(stderr, "crossilo: note: {}\n", note);
  if (values->count("json") > 0) {
    nlohmann::ordered_json json = run_json(run);
    json["report"] = path;
    fmt::print("{}", json_text(json));
  } else {
    fmt::print("report  {}\n", path);
  }
  return 0;
}

}  // namespace crossilo
