#include "crossilo/io/summary.hpp"

#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/csv_files.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::ordered_json;

/// What the first rank sent in the sums of all rounds, when they ended, and who was not there.
struct Traffic {
  std::int64_t bytes = 0;
  std::int64_t timed_bytes = 0;  // of rounds whose sum was timed
  double seconds = 0.0;          // that those took without waiting for slower ranks
  std::vector<double> rounds_unix_seconds;
  std::map<std::string, std::uint32_t> missing;  // silo → rounds without it
};

Traffic traffic_of(const std::string& metrics_jsonl) {
  std::istringstream lines(read_file_if_there(metrics_jsonl).value_or(""));
  Traffic traffic;
  for (std::string line; std::getline(lines, line);) {
    const Json round = Json::parse(line);
    const auto bytes = round.value("bytes_sent", std::int64_t{0});
    traffic.bytes += bytes;
    if (const auto at = round.find("unix_seconds"); at != round.end() && at->is_number())
      traffic.rounds_unix_seconds.push_back(at->get<double>());
    for (const std::string& part : parts_of(round.value("missing_silos", std::string()), ','))
      if (const std::string_view silo = trimmed(part); !silo.empty()) ++traffic.missing[std::string(silo)];
    const auto seconds = round.find("fastest_sum_seconds");
    if (seconds == round.end() || !seconds->is_number()) continue;
    traffic.timed_bytes += bytes;
    traffic.seconds += seconds->get<double>();
  }
  return traffic;
}

Json model_json(const RunFolder& folder, const char* file, RoundIndex round, const MetricRecord& evaluation) {
  Json json = {{"round", round.value}, {"model", folder.file(file)}};
  json.update(Json::parse(json_line(evaluation)));
  return json;
}

}  // namespace

double seconds_of_starts(const std::vector<ManifestStart>& starts, const std::vector<double>& rounds_unix_seconds) {
  double seconds = 0.0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const double begin = starts[i].started_unix_seconds;
    const double next = i + 1 < starts.size() ? starts[i + 1].started_unix_seconds : std::numeric_limits<double>::max();
    double end = begin;
    for (const double round : rounds_unix_seconds)
      if (round > end && round < next) end = round;
    seconds += starts[i].ended_unix_seconds.value_or(end) - begin;
  }
  return seconds;
}

std::string summary_text(const RunFolder& folder, const SummaryFacts& facts, std::vector<std::string>& notes) try {
  const Manifest manifest = read_manifest(folder).value_or(Manifest{});
  const Traffic traffic = traffic_of(folder.file("metrics.jsonl"));
  Json seconds = {{"all", seconds_of_starts(manifest.starts, traffic.rounds_unix_seconds)}};
  for (const auto& [phase, total] : phase_totals(folder.file("timing.csv"), notes)) seconds[phase] = total;
  const bool has_rate = traffic.timed_bytes > 0 && traffic.seconds > 0.0;
  const auto comparison = read_file_if_there(folder.file("comparison.json"));
  const Json json = {
      {"run", folder.path()},
      {"name", manifest.name},
      {"status", manifest.status()},
      {"rounds", facts.rounds.value},
      {"rounds_wanted", manifest.rounds},
      {"starts", manifest.starts.size()},
      {"relaunches", manifest.relaunches.size()},
      {"missing_silos", Json(traffic.missing)},
      {"best_round", facts.best_round.value},
      {"best", model_json(folder, "model/global.safetensors", facts.best_round, facts.best)},
      {"last", model_json(folder, "model/last.safetensors", facts.rounds, facts.last)},
      {"seconds", seconds},
      {"bytes_sent", traffic.bytes},
      {"sum_bytes_per_second", has_rate ? Json(static_cast<double>(traffic.timed_bytes) / traffic.seconds) : Json()},
      {"comparison", comparison ? Json::parse(*comparison) : Json()}};
  return json_text(json);
} catch (const nlohmann::json::exception& failure) {
  throw StorageError(folder.path() + ": its metrics.jsonl or comparison.json cannot be understood: " + failure.what());
}

std::string outcome_text(const RunFolder& folder, const Outcome& outcome) {
  std::error_code error;
  return json_text(Json{{"run", std::filesystem::exists(folder.path(), error) ? Json(folder.path()) : Json()},
                        {"status", status_of(outcome.exit_code)},
                        {"exit_code", static_cast<int>(outcome.exit_code)},
                        {"error", outcome.text},
                        {"silo", outcome.silo}});
}

void remove_summary(const RunFolder& folder) {
  std::error_code ignored;  // none is there, or it will be replaced
  for (const char* file : {"summary.json", "comparison.json"}) std::filesystem::remove(folder.file(file), ignored);
}

}  // namespace crossilo
