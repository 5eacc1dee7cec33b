#include "crossilo/io/report.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/bench_lines.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/progress.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "report",
    .usage =
        "Usage: crossilo report RUN [--json]\n"
        "       crossilo report --bench FILE... [-o FILE] [--json]\n"
        "Writes RUN/report.html again: one page with the result, the course of training, what left each silo, where\n"
        "the time went, warnings, and how to repeat the run. It needs no network and no other file. Runs that were\n"
        "killed have one, too. crossilo train writes it at the end.\n"
        "With --bench the page has charts of what benchmarks measured (docs/report.md has the keys of their "
        "lines).\n\n",
    .example = "\nExample: crossilo report runs/heart-1\n",
    .positional = {"RUN"},
    .positional_optional = true};

using Files = std::vector<std::string>;

/// The page beside the first file, as NAME.html, unless `output` says where.
std::string bench_page_path(const Files& files, const std::string& output) {
  const std::filesystem::path page =
      output.empty() ? std::filesystem::path(files.front()).replace_extension(".html") : std::filesystem::path(output);
  std::error_code error;
  for (const std::string& file : files)
    if (std::filesystem::equivalent(page, file, error))
      throw ConfigError(fmt::format("report: the page would replace {}; give another name with -o", file));
  return page.string();
}

int report_benches(const Files& files, const std::string& output, bool is_json) {
  const BenchResults results = read_bench_files(files);
  const std::string path = bench_page_path(files, output);
  write_file_atomically(path, bench_html(std::filesystem::path(path).stem().string(), results));
  for (const std::string& note : results.notes) fmt::print(stderr, "crossilo: note: {}\n", note);
  const auto [lines, wrong] = bench_line_counts(results);
  if (is_json)
    fmt::print("{}", json_text(nlohmann::ordered_json{{"report", path},
                                                      {"charts", results.charts.size()},
                                                      {"measurements", lines},
                                                      {"wrong", wrong},
                                                      {"notes", results.notes}}));
  else
    fmt::print("report  {}\n", path);
  return 0;
}

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
  options.add_options()("bench", po::value<Files>()->multitoken(), "draw these files of JSON lines instead of a run")(
      "output,o", po::value<std::string>()->default_value("", "FILE.html"), "with --bench: the page to write")(
      "json", "print a JSON object with what the page is about");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  if (values->count("bench") + values->count("RUN") != 1)
    throw ConfigError("report: either a RUN or --bench FILE is wanted; see crossilo report --help");
  const auto& output = (*values)["output"].as<std::string>();
  const bool is_json = values->count("json") > 0;
  if (values->count("bench") > 0) return report_benches((*values)["bench"].as<Files>(), output, is_json);
  if (!output.empty()) throw ConfigError("report: --output goes with --bench; the page of a run is its report.html");
  const auto& folders = (*values)["RUN"].as<Files>();
  if (folders.size() != 1)
    throw ConfigError(
        fmt::format("report: {} runs are given, one is wanted; crossilo compare takes several", folders.size()));
  const RunSummary run = run_summary(folders.front());
  const std::string path = write_report(run);
  for (const std::string& note : run.notes) fmt::print(stderr, "crossilo: note: {}\n", note);
  if (is_json) {
    nlohmann::ordered_json json = run_json(run);
    json["report"] = path;
    fmt::print("{}", json_text(json));
  } else {
    fmt::print("report  {}\n", path);
  }
  return 0;
}

}  // namespace crossilo
