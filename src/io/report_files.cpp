#include "report_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/csv_files.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::json;
constexpr std::array kMetrics = {"auc", "rmse", "accuracy"};
constexpr std::array kLinePhases = {"open", "train", "encode", "mask", "sum", "decode", "evaluate", "checkpoint"};
using EachMetric = std::array<double, kMetrics.size()>;

double number(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>() : kUnknown;
}

/// Also far beyond what a phase may take: a damaged digit must not make sums infinite.
bool are_seconds(double value) { return value >= 0.0 && value < 1e9; }

std::string text(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A line with every metric, before it is known which one the run is judged by.
struct Line {
  RoundSummary round;
  EachMetric held_back{}, test{};
  std::string mask, noise;
  double lane_bits = 0.0;
  double best_round = kUnknown;
};

/// Fills a new line. False of a damaged one.
bool read_line(const std::string& written, Line& line) {
  const Json json = Json::parse(written, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  const double round = number(json, "round");
  if (!(round >= 0.0 && round <= std::numeric_limits<std::uint32_t>::max())) return false;
  line.round.round = static_cast<std::uint32_t>(round);
  line.round.unix_seconds = number(json, "unix_seconds");
  line.round.held_back.loss = number(json, "held_back_loss");
  line.round.test.loss = number(json, "test_loss");
  line.round.bytes_sent = number(json, "bytes_sent");
  line.round.sum_seconds = number(json, json.contains("fastest_sum_seconds") ? "fastest_sum_seconds" : "sum_seconds");
  line.round.missing_silos = text(json, "missing_silos");
  line.mask = text(json, "mask");
  line.noise = text(json, "noise");
  line.lane_bits = number(json, "lane_bits");
  line.best_round = number(json, "best_round");
  line.round.is_sum_fastest = std::isfinite(number(json, "fastest_sum_seconds"));
  for (std::size_t i = 0; i < kMetrics.size(); ++i) {
    line.held_back.at(i) = number(json, fmt::format("held_back_{}", kMetrics.at(i)));
    line.test.at(i) = number(json, fmt::format("test_{}", kMetrics.at(i)));
  }
  for (const char* phase : kLinePhases) {
    const double seconds = number(json, fmt::format("{}_seconds", phase));
    line.round.phase_seconds.push_back(are_seconds(seconds) ? seconds : 0.0);
  }
  return true;
}

/// The first metric that any line has.
std::size_t judged_by(const std::map<std::uint32_t, Line>& lines) {
  for (std::size_t i = 0; i < kMetrics.size(); ++i)
    if (std::ranges::any_of(lines, [&](const auto& entry) {
          return std::isfinite(entry.second.held_back.at(i)) || std::isfinite(entry.second.test.at(i));
        }))
      return i;
  return kMetrics.size() - 1;
}

TableCell cell_of(const Json& json, const std::string& metric) {
  if (!json.is_object()) return {};
  const double value = number(json, metric);
  if (!std::isfinite(value)) return {.measured = {}, .reason = text(json, "reason")};
  const auto or_value = [&](double bound) { return std::isfinite(bound) ? bound : value; };
  return {.measured =
              Measured{.value = value, .low = or_value(number(json, "low")), .high = or_value(number(json, "high"))},
          .reason = ""};
}

std::vector<TableCell> cells_of(const Json& json, const char* key, const std::string& metric) {
  std::vector<TableCell> cells;
  if (const auto found = json.find(key); found != json.end())
    for (const Json& cell : *found) cells.push_back(cell_of(cell, metric));
  return cells;
}

bool is_of_a_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

/// "silo a1, round : " of "silo a1, round 3: 40": numbers apart, two texts say the same, but digits in names stay.
std::string without_numbers(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || !is_of_a_name(text[i - 1]);
    const bool is_silo = begins && i >= 5 && text.substr(i - 5, 5) == "silo ";
    std::size_t end = i;
    while (begins && end < text.size() && (is_of_a_name(text[end]) || text[end] == '.')) ++end;
    const bool is_number =
        !is_silo && end > i && text.substr(i, end - i).find_first_of("0123456789") <= (text[i] == '-' ? 1 : 0);
    plain += text.substr(i, is_number ? 0 : std::max<std::size_t>(end - i, 1));
    i = std::max(end, i + 1) - 1;
  }
  return plain;
}

/// "silo a, round 3: x" of "silo a, round 3: round 3: x": the log says the round, and so does what is logged.
std::string with_round_once(std::string text) {
  const std::size_t at = text.find(", round ");
  const std::size_t end = text.find(": ");
  if (at == std::string::npos || end == std::string::npos || end < at) return text;
  const std::string round = text.substr(at + 2, end - at);  // "round 3: "
  if (text.compare(end + 2, round.size(), round) == 0) text.erase(end + 2, round.size());
  return text;
}

/// A cell that is a number above 0, otherwise NaN.
double number_in(const std::string& cell) {
  const double value = std::strtod(cell.c_str(), nullptr);
  return std::isfinite(value) && value > 0.0 ? value : kUnknown;
}

LinkSummary link_of(const std::vector<std::string>& cells) {
  return {.round = static_cast<std::uint32_t>(std::strtoul(cells[0].c_str(), nullptr, 10)),
          .sites = cells[4],
          .round_trip_seconds = number_in(cells[5]),
          .bytes_per_second = number_in(cells[6])};
}

constexpr std::size_t kWarningsMax = 200;

}  // namespace

void read_metrics(const std::string& path, RunSummary& run) {
  std::ifstream file(path);
  if (!file) return run.notes.push_back(path + ": is missing, so no round is known");
  std::map<std::uint32_t, Line> lines;  // of a round that was trained again the last counts
  std::size_t damaged = 0;
  for (std::string written; std::getline(file, written);) {
    Line line;
    if (read_line(written, line))
      lines.insert_or_assign(line.round.round, std::move(line));
    else if (!trimmed(written).empty())
      ++damaged;
  }
  if (damaged > 0)
    run.notes.push_back(fmt::format("{}: {} damaged line{} left out", path, damaged, damaged == 1 ? " is" : "s are"));
  const std::size_t metric = judged_by(lines);
  run.round_metric = kMetrics.at(metric);
  run.metric = run.comparison ? run.comparison->metric : run.round_metric;
  run.phases.assign(kLinePhases.begin(), kLinePhases.end());
  for (auto& [number, line] : lines) {
    line.round.held_back.metric = line.held_back.at(metric);
    line.round.test.metric = line.test.at(metric);
    run.rounds.push_back(std::move(line.round));
  }
  if (lines.empty()) return;
  const Line& last = lines.rbegin()->second;
  if (last.best_round >= 0.0 && last.best_round <= last.round.round)
    run.best_round_told = static_cast<std::uint32_t>(last.best_round);
  run.mask = last.mask;
  run.noise = last.noise;
  run.lane_bits = std::isfinite(last.lane_bits) ? static_cast<int>(last.lane_bits) : 0;
}

void read_timing(const std::string& path, RunSummary& run) {
  std::ifstream file(path);
  if (!file) return;
  std::map<std::uint32_t, RoundSummary*> rounds;
  for (RoundSummary& round : run.rounds) rounds[round.round] = &round;
  std::map<std::pair<std::string, std::string>, std::size_t> slowest;
  std::size_t damaged = 0;
  std::string written;
  std::getline(file, written);  // the titles
  while (std::getline(file, written)) {
    const std::vector<std::string> fields = csv_cells(trimmed(written));
    if (fields.size() >= 7 && fields[1] == kLinkPhase) {
      run.links.push_back(link_of(fields));
      continue;
    }
    char* end = nullptr;
    const double seconds = fields.size() < 4 ? kUnknown : std::strtod(fields[2].c_str(), &end);
    if (!are_seconds(seconds) || end == fields[2].c_str()) {
      ++damaged;
      continue;
    }
    const auto phase = static_cast<std::size_t>(std::ranges::find(run.phases, fields[1]) - run.phases.begin());
    if (phase == run.phases.size()) {
      run.phases.push_back(fields[1]);
      for (RoundSummary& round : run.rounds) round.phase_seconds.resize(run.phases.size());
    }
    const auto round = rounds.find(static_cast<std::uint32_t>(std::strtoul(fields[0].c_str(), nullptr, 10)));
    if (round == rounds.end()) continue;
    round->second->phase_seconds[phase] = seconds;
    run.phases_are_maxima = true;
    if (!fields[3].empty() && seconds > 0.0) ++slowest[{fields[1], fields[3]}];
  }
  for (const auto& [who, times] : slowest)
    run.slowest.push_back({.phase = who.first, .silo = who.second, .rounds = times});
  std::ranges::stable_sort(run.slowest, std::greater<>(), &SlowestSilo::rounds);
  if (damaged > 0) run.notes.push_back(fmt::format("{}: {} damaged lines are left out", path, damaged));
}

void part_waiting(RunSummary& run) {
  if (std::ranges::none_of(run.rounds, &RoundSummary::is_sum_fastest)) return;
  const auto open = std::ranges::find(run.phases, "open") - run.phases.begin();
  const auto sum = static_cast<std::size_t>(std::ranges::find(run.phases, "sum") - run.phases.begin());
  const auto to_end = [&](auto& phases) {
    std::rotate(phases.begin() + open, phases.begin() + open + 1, phases.end());
  };
  for (RoundSummary& round : run.rounds) {
    double& summed = round.phase_seconds[sum];
    if (round.is_sum_fastest) {
      const double fastest = std::clamp(round.sum_seconds, 0.0, summed);
      round.phase_seconds[static_cast<std::size_t>(open)] += std::exchange(summed, fastest) - fastest;
    }
    to_end(round.phase_seconds);
  }
  to_end(run.phases);
  run.phases.back() = "waiting";
  for (SlowestSilo& slowest : run.slowest)  // whose sum was the longest waited the longest
    if (slowest.phase == "sum") slowest.phase = "waiting";
}

void read_comparison(const std::string& path, RunSummary& run) {
  const auto written = read_file_if_there(path);
  if (!written) return;
  const Json json = Json::parse(*written, nullptr, /*allow_exceptions=*/false);
  ComparisonSummary comparison{.metric = json.is_object() ? text(json, "metric") : ""};
  if (std::ranges::count(kMetrics, comparison.metric) == 0)
    throw StorageError(path + ": cannot be understood, so the final table is missing");
  if (const auto silos = json.find("silos"); silos != json.end())
    for (const Json& silo : *silos)
      comparison.silos.push_back(silo.is_string() ? silo.get<std::string>() : silo.dump());
  if (const auto rows = json.find("test_rows"); rows != json.end())
    for (const Json& count : *rows)
      comparison.test_rows.push_back(count.is_number_unsigned() ? count.get<std::size_t>() : 0);
  comparison.test_rows.resize(comparison.silos.size());
  comparison.federated = cells_of(json, "federated", comparison.metric);
  comparison.own = cells_of(json, "own", comparison.metric);
  comparison.pooled = cells_of(json, "pooled", comparison.metric);
  comparison.gain = cells_of(json, "federated_minus_own", comparison.metric);
  if (const auto difference = json.find("federated_minus_pooled"); difference != json.end())
    comparison.federated_minus_pooled = cell_of(*difference, comparison.metric);
  run.comparison = std::move(comparison);
}

void read_warnings(const std::string& folder, RunSummary& run) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".log") paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::map<std::string, std::size_t> places;  // in run.warnings
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      // "2026-11-25T04:45:09.590Z warning silo a, round 3: …"
      const std::size_t level = line.find(' ');
      const std::size_t end = level == std::string::npos ? level : line.find(' ', level + 1);
      if (end == std::string::npos) continue;
      const std::string name = line.substr(level + 1, end - level - 1);
      if (name != "warning" && name != "error") continue;
      const auto [place, is_new] = places.try_emplace(without_numbers(line.substr(level)), run.warnings.size());
      if (is_new && run.warnings.size() == kWarningsMax)
        places.erase(place);
      else if (is_new)
        run.warnings.push_back(
            {.level = name, .time = line.substr(0, level), .text = with_round_once(line.substr(end + 1))});
      else
        ++run.warnings[place->second].times;
    }
  }
}

}  // namespace crossilo
