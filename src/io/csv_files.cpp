#include "crossilo/io/csv_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/io/atomic_file.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kTimingHeader = "round,phase,seconds_max,silo,sites,round_trip_seconds,bytes_per_second\n";

std::string cell_of(const Json& value) {
  if (value.is_null()) return "";
  return csv_cell(value.is_string() ? value.get<std::string>() : value.dump());
}

/// A row of timing.csv. That of a link has no seconds.
struct TimingRow {
  std::uint32_t round = 0;
  std::string phase;
  double seconds_max = 0.0;
};

std::optional<TimingRow> timing_row(std::string_view line) {
  const std::vector<std::string> fields = csv_cells(line);
  TimingRow row;
  const auto is_number = [](const std::string& text, auto& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (fields.size() < 4 || !is_number(fields[0], row.round)) return std::nullopt;
  row.phase = fields[1];
  if (row.phase != kLinkPhase && !is_number(fields[2], row.seconds_max)) return std::nullopt;
  return row;
}

/// The whole lines of a file behind its header; one that a crash has cut off is dropped.
std::vector<std::string> rows_of(const std::string& path) {
  const std::string text = read_file_if_there(path).value_or("");
  std::vector<std::string> lines = parts_of(text, '\n');
  lines.pop_back();
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
  return quoted + "\"";
}

std::vector<std::string> csv_cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ',' && !is_quoted)
      cells.emplace_back();
    else if (line[i] != '"')
      cells.back() += line[i];
    else if (is_quoted && line.substr(i + 1).starts_with('"'))
      cells.back() += line[i++];
    else
      is_quoted = !is_quoted;
  }
  return cells;
}

MetricsCsv::MetricsCsv(const std::string& path, const std::string& metrics_jsonl) {
  std::istringstream lines(read_file_if_there(metrics_jsonl).value_or(""));
  std::string text;
  for (std::string line; std::getline(lines, line);) text += row(line);
  write_file_atomically(path, text);
  file_.emplace(path);
}

void MetricsCsv::append(const std::string& json_line) { file_->append(row(json_line)); }

std::string MetricsCsv::row(const std::string& json_line) {
  const Json json = Json::parse(json_line);
  std::string header;
  if (columns_.empty()) {
    for (const auto& [key, value] : json.items()) columns_.push_back(key);
    header = fmt::format("{}\n", fmt::join(columns_, ","));
  }
  std::vector<std::string> cells;
  for (const std::string& column : columns_) cells.push_back(cell_of(json.value(column, Json())));
  return header + fmt::format("{}\n", fmt::join(cells, ","));
}

TimingCsv::TimingCsv(const std::string& path, RoundIndex resumed, std::vector<std::string> rank_silos)
    : told_(resumed), rank_silos_(std::move(rank_silos)) {
  std::string kept = kTimingHeader;
  for (const std::string& line : rows_of(path))
    if (const auto row = timing_row(line); row && row->round <= resumed.value) kept += line + "\n";
  write_file_atomically(path, kept);
  file_.emplace(path);
}

void TimingCsv::append(const SlowestRanks& slowest) {
  if (slowest.round <= told_) return;
  told_ = slowest.round;
  std::string rows;
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    rows += fmt::format("{},{},{:.6g},{},,,\n", slowest.round.value, kPhases[phase].name, slowest.seconds_max[phase],
                        csv_cell(rank_silos_.at(static_cast<std::size_t>(slowest.rank[phase]))));
  file_->append(rows);
}

void TimingCsv::append(RoundIndex round, std::span<const SiteLink> links, const std::vector<std::string>& site_names) {
  const auto number = [](const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : ""; };
  std::string rows;
  for (const SiteLink& link : links)
    rows += fmt::format("{},{},,,{},{},{}\n", round.value, kLinkPhase,
                        csv_cell(site_names.at(link.site) + " - " + site_names.at(link.other_site)),
                        number(link.round_trip_seconds), number(link.bytes_per_second));
  file_->append(rows);
}

SecondsOfPhases phase_totals(const std::string& timing_csv, std::vector<std::string>& notes) {
  SecondsOfPhases totals;
  for (const Phase& phase : kPhases) totals.emplace_back(phase.name, 0.0);
  std::vector<std::string> strange;
  for (const std::string& line : rows_of(timing_csv)) {
    const auto row = timing_row(line);
    if (!row) strange.push_back(line);
    for (auto& [phase, seconds] : totals)
      if (row && phase == row->phase) seconds += row->seconds_max;
  }
  if (!strange.empty())
    notes.push_back(fmt::format("{}: {} line{} passed over: not round, phase, seconds and silo; the first: {}",
                                timing_csv, strange.size(), strange.size() == 1 ? " is" : "s are", strange.front()));
  return totals;
}

SecondsOfPhases phase_seconds(const std::string& timing_csv, RoundIndex round) {
  SecondsOfPhases seconds;
  for (const std::string& line : rows_of(timing_csv))
    if (const auto row = timing_row(line); row && row->round == round.value && row->phase != kLinkPhase)
      seconds.emplace_back(row->phase, row->seconds_max);
  return seconds;
}

}  // namespace crossilo
