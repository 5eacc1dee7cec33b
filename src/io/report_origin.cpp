#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/text.hpp"
#include "report_page.hpp"
#include "report_sections.hpp"

namespace crossilo {
namespace {

std::string masked_text(const RunSummary& run, std::size_t silos) {
  if (run.mask.empty()) return "not recorded";
  if (run.mask == "none") return "no: each silo's vector can be read by the others";
  if (silos == 2) return fmt::format("yes ({}), but of two silos each can subtract its own part", run.mask);
  return fmt::format("yes ({}): only the sum over all silos can be read", run.mask);
}

/// The silos that each rank of the last start trains; 1 in a federation.
bool is_simulation(const RunSummary& run) {
  if (!run.manifest || run.manifest->starts.empty()) return false;
  return std::ranges::any_of(run.manifest->starts.back().ranks,
                             [](const ManifestRank& rank) { return rank.silos.size() > 1; });
}

std::size_t silo_count(const RunSummary& run) {
  if (run.manifest) return run.manifest->silos.size();
  return run.comparison ? run.comparison->silos.size() : 0;
}

/// The command without --run_folder, which --np puts behind it for its ranks.
std::string without_run_folder(const std::string& command) {
  const std::size_t at = command.find(" --run_folder ");
  if (at == std::string::npos) return command;
  const std::size_t value = at + std::string_view(" --run_folder ").size();
  const char end = value < command.size() && command[value] == '\'' ? '\'' : ' ';
  const std::size_t behind = command.find(end, value + 1);
  if (behind == std::string::npos) return command.substr(0, at);
  return command.substr(0, at) + command.substr(end == ' ' ? behind : behind + 1);
}

/// The command for the ranks that the start had: on one host they are started with --np, otherwise by mpirun.
std::string with_ranks(const std::string& command, const ManifestStart& start) {
  const auto on_one_host = [&](const ManifestRank& rank) { return rank.host == start.ranks.front().host; };
  const std::size_t ranks = start.ranks.size();
  if (std::ranges::all_of(start.ranks, on_one_host))
    return fmt::format("{} --np {}", without_run_folder(command), ranks);
  return fmt::format("mpirun -np {} {}", ranks, command);
}

/// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  const bool is_plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/._-+:@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (is_plain && !text.empty()) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// A command without what a user wants once, like --quiet or --max_hours, and the one that was given.
std::string commands_html(const RunSummary& run, const ManifestStart& start) {
  const bool simulates = run.manifest && start.ranks.size() + start.missing.size() < run.manifest->silos.size();
  const std::string repeat =
      "crossilo train " + shell_word(run.folder + "/config.ini") + (simulates ? " --simulate" : "") +
      (start.missing.empty() ? "" : fmt::format(" --without_silos {}", fmt::join(start.missing, ",")));
  return "<pre>" + html_escaped(with_ranks(repeat, start)) + "</pre>\n" + paragraph_html("It was started as:") +
         "<pre>" + html_escaped(with_ranks(start.command, start)) + "</pre>\n";
}

std::string hosts_text(const ManifestStart& start) {
  std::vector<std::string> hosts;
  for (const ManifestRank& rank : start.ranks)
    if (std::ranges::count(hosts, rank.host) == 0) hosts.push_back(rank.host);
  return fmt::format("{}", fmt::join(hosts, ", "));
}

PageTable starts_table(const Manifest& manifest) {
  PageTable table{.titles = {"start", "ended", "from round", "ranks", "hosts", "without", "version", "outcome"},
                  .rows = {},
                  .is_of_numbers = false};
  for (const ManifestStart& start : manifest.starts) {
    std::string outcome = "none on record";
    if (start.outcome)
      outcome = fmt::format("{} ({})", status_of(start.outcome->exit_code), static_cast<int>(start.outcome->exit_code));
    table.rows.push_back({utc_text(start.started_unix_seconds), utc_text(start.ended_unix_seconds.value_or(kUnknown)),
                          fmt::format("{}", start.from_round.value), fmt::format("{}", start.ranks.size()),
                          hosts_text(start), fmt::format("{}", fmt::join(start.missing, ", ")), start.version,
                          outcome});
  }
  return table;
}

/// Starts that nobody asked for.
std::string relaunches_html(const Manifest& manifest) {
  if (manifest.relaunches.empty()) return "";
  PageTable table{.titles = {"when", "why", "without"}, .rows = {}, .is_of_numbers = false};
  for (const ManifestRelaunch& relaunch : manifest.relaunches)
    table.rows.push_back(
        {utc_text(relaunch.unix_seconds), relaunch.why, fmt::format("{}", fmt::join(relaunch.missing, ", "))});
  return "<h3>Started again by itself</h3>\n" + table_html(table);
}

std::string ranks_html(const ManifestStart& start) {
  const bool have_sites = std::ranges::any_of(start.ranks, [](auto& rank) { return !rank.site.empty(); });
  PageTable table{.titles = {"rank", "host", "silos"}, .rows = {}, .is_of_numbers = false};
  if (have_sites) table.titles.emplace_back("site");
  for (const ManifestRank& rank : start.ranks) {
    table.rows.push_back({fmt::format("{}", rank.rank), rank.host, fmt::format("{}", fmt::join(rank.silos, ", "))});
    if (have_sites) table.rows.back().push_back(rank.site);
  }
  return folded_table_html("Ranks of the last start", table);
}

std::string manifest_html(const RunSummary& run, const Manifest& manifest) {
  std::string html;
  if (!manifest.starts.empty()) html += commands_html(run, manifest.starts.back());
  html += paragraph_html(
      "The same settings, data, secrets (data.private_folder) and type of processor give the same model, bit for bit, "
      "with "
      "any number of ranks.");
  html += table_html({.titles = {"fixed by", "value"},
                      .rows = {{"seed", fmt::format("{}", manifest.seed)},
                               {"settings, SHA-256", to_hex(manifest.settings)},
                               {"columns of the silo files, SHA-256", to_hex(manifest.schema)},
                               {"tensors of the model, SHA-256", to_hex(manifest.model_schema)}},
                      .is_of_numbers = false});
  html += "<h3>Starts</h3>\n" + table_html(starts_table(manifest)) + relaunches_html(manifest);
  if (!manifest.starts.empty()) html += ranks_html(manifest.starts.back());
  PageTable versions{.titles = {"library", "version"}, .rows = {}, .is_of_numbers = false};
  for (const auto& [name, version] : manifest.libraries) versions.rows.push_back({name, version});
  return html + folded_table_html("Versions", versions);
}

}  // namespace

std::string leaving_html(const RunSummary& run) {
  if (run.rounds.empty()) return "";
  const std::size_t silos = silo_count(run);
  double bytes = 0.0;
  for (const RoundSummary& round : run.rounds) bytes += std::isfinite(round.bytes_sent) ? round.bytes_sent : 0.0;
  const double each = bytes / static_cast<double>(run.rounds.size());
  const std::string masked = masked_text(run, silos);
  const std::string lanes = run.lane_bits > 0 ? fmt::format(", as {}-bit whole numbers", run.lane_bits) : "";
  std::string html = paragraph_html("No rows and no gradients left a silo.");
  if (run.mask == "none" && bytes == 0.0)
    html = paragraph_html("One rank trained all silos in turn, a simulation: nothing left it, so nothing was masked.");
  else if (is_simulation(run))
    html = paragraph_html("A simulation: ranks that read several silos' files mask all the same what they send.");
  html += table_html(
      {.titles = {"what", "when", "bytes sent by the first rank", "masked"},
       .rows = {{"change of the model, sums of losses and counts" + lanes, "each round",
                 fmt::format("{} a round, {} in all", readable_bytes(each), readable_bytes(bytes)), masked},
                {"each column's sums, for scaling; counts of rows and classes", "at the start", "few", masked},
                {"sums of losses and counts of the last model", "at the end", "few", masked},
                {"names, hosts, public keys, hashes of settings and columns", "at the start", "few", "no: public"},
                {"number of the round, fingerprint of the model, seconds of each phase, wish to stop", "each round",
                 "few", "no: public"}},
       .is_of_numbers = false});
  if (run.noise == "none")
    html +=
        "<p class=\"soft\">No noise was added (“none” in the record): masks hide each silo’s part, but no "
        "differential privacy is claimed for the sum.</p>\n";
  return html + "<p class=\"soft\">Exact sizes for these settings: crossilo plan</p>\n";
}

std::string warnings_html(const RunSummary& run) {
  if (run.warnings.empty()) return paragraph_html("None in the logs that lie in this folder.");
  PageTable table{.titles = {"text", "times", "level", "first"}, .rows = {}, .is_of_numbers = false};
  for (const LoggedWarning& warning : run.warnings)
    table.rows.push_back({warning.text, fmt::format("{}", warning.times), warning.level, warning.time});
  return table_html(table);
}

std::string origin_html(const RunSummary& run) {
  std::string html = run.manifest ? manifest_html(run, *run.manifest) : "";
  std::string settings;
  for (const auto& [key, value] : run.settings) settings += fmt::format("{} = {}\n", key, value);
  if (!settings.empty()) html += folded_text_html("All settings (config.ini)", settings);
  for (const std::string& note : run.notes) html += "<p class=\"alarm-text\">" + html_escaped(note) + "</p>\n";
  return html;
}

}  // namespace crossilo
