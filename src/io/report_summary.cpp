#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/report.hpp"
#include "crossilo/io/run_lock.hpp"
#include "crossilo/io/summary.hpp"
#include "ini.hpp"
#include "report_files.hpp"

namespace crossilo {
namespace {

/// Runs what reads a file; what it throws becomes a note, and the rest of the folder is read all the same.
template <class Read>
void noting(std::vector<std::string>& notes, const Read& read) try {
  read();
} catch (const StorageError& error) {
  notes.emplace_back(error.what());
}

void read_settings(const std::string& path, RunSummary& run) {
  const auto text = read_file_if_there(path);
  if (!text) return run.notes.push_back(path + ": is missing, so the settings are not known");
  const IniFile ini = scan_ini(*text);
  for (const IniEntry& entry : ini.entries) run.settings.emplace_back(entry.name, entry.value);
  if (!ini.problems.empty()) run.notes.push_back(fmt::format("{}: {} lines cannot be read", path, ini.problems.size()));
}

/// What an outcome says, or whether anybody still works in the folder.
std::string status_of_run(const RunSummary& run) {
  if (run.outcome) return status_of(run.outcome->exit_code);
  return is_run_locked(run.folder) ? "running" : "killed";
}

std::string name_of_run(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder + "/").lexically_normal().parent_path();
  return path.filename().string();
}

/// The best as the run itself told it. Where it did not: by the metric that chose the model, on the held-back rows, of
/// two alike the one with the lower loss.
std::optional<RoundSummary> best_round(const RunSummary& run) {
  if (run.best_round_told) {
    const auto told = std::ranges::find(run.rounds, *run.best_round_told, &RoundSummary::round);
    return told == run.rounds.end() ? std::nullopt : std::optional(*told);
  }
  const std::string judge = run.setting("stop.metric", "loss");
  const auto badness = [&](const RoundSummary& round) {
    const bool by_loss = judge != run.round_metric;
    const double metric = by_loss ? round.held_back.loss : -round.held_back.metric;
    return std::pair(metric, round.held_back.loss);
  };
  std::optional<RoundSummary> best;
  for (const RoundSummary& round : run.rounds)
    if (!std::isnan(badness(round).first) && (!best || badness(round) < badness(*best))) best = round;
  return best;
}

/// A process that was killed has logged nothing, and who found it dead has no log.
void tell_outcome(RunSummary& run) {
  if (!run.outcome || run.outcome->text.empty()) return;
  const std::string& text = run.outcome->text;
  const auto tells = [&](const LoggedWarning& warning) { return warning.text.find(text) != std::string::npos; };
  if (std::ranges::any_of(run.warnings, tells)) return;
  const bool has_end = run.manifest && !run.manifest->starts.empty();
  const double ended = has_end ? run.manifest->starts.back().ended_unix_seconds.value_or(kUnknown) : kUnknown;
  run.warnings.push_back({.level = "error", .time = utc_text(ended), .text = text});
}

}  // namespace

std::string RunSummary::setting(const std::string& key, const std::string& otherwise) const {
  const auto found = std::ranges::find(settings, key, &std::pair<std::string, std::string>::first);
  return found == settings.end() ? otherwise : found->second;
}

std::uint32_t RunSummary::rounds_wanted() const {
  if (manifest) return manifest->rounds;
  return static_cast<std::uint32_t>(std::strtoul(setting("run.rounds", "0").c_str(), nullptr, 10));
}

double RunSummary::started_unix_seconds() const {
  if (manifest && !manifest->starts.empty()) return manifest->starts.front().started_unix_seconds;
  return rounds.empty() ? kUnknown : rounds.front().unix_seconds;
}

double RunSummary::seconds() const {
  if (manifest && !manifest->starts.empty()) {
    std::vector<double> rounds_unix_seconds;
    for (const RoundSummary& round : rounds) rounds_unix_seconds.push_back(round.unix_seconds);
    return seconds_of_starts(manifest->starts, rounds_unix_seconds);
  }
  return rounds.empty() ? kUnknown : rounds.back().unix_seconds - rounds.front().unix_seconds;
}

double RunSummary::final_metric() const {
  if (comparison && metric == comparison->metric && comparison->federated.size() > comparison->silos.size())
    if (const auto& all = comparison->federated.back().measured) return all->value;
  return best && metric == round_metric ? best->test.metric : kUnknown;
}

RunSummary run_summary(const std::string& folder) {
  const RunFolder files(folder);
  RunSummary run{.folder = folder, .name = name_of_run(folder)};
  noting(run.notes, [&] { run.manifest = read_manifest(files); });
  noting(run.notes, [&] { run.outcome = files.read_outcome(); });
  if (!run.manifest && run.notes.empty())
    run.notes.push_back(files.file("manifest.json") + ": is missing (an older version, or no round was begun)");
  if (!run.outcome && run.manifest && !run.manifest->starts.empty()) run.outcome = run.manifest->starts.back().outcome;
  run.status = status_of_run(run);
  noting(run.notes, [&] { read_settings(files.file("config.ini"), run); });
  noting(run.notes, [&] { read_comparison(files.file("comparison.json"), run); });
  read_metrics(files.file("metrics.jsonl"), run);
  read_timing(files.file("timing.csv"), run);
  part_waiting(run);
  read_warnings(files.file("logs"), run);
  tell_outcome(run);
  run.best = best_round(run);
  return run;
}

std::string write_report(const std::string& folder) { return write_report(run_summary(folder)); }

std::string write_report(const RunSummary& run) {
  std::string path = run.folder + "/report.html";
  write_file_atomically(path, report_html(run));
  return path;
}

}  // namespace crossilo
