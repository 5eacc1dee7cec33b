#include "crossilo/io/manifest.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "crossilo/base/unix_time.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"
#include "hash_text.hpp"
#include "whole_number.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kFormat = 1;
constexpr const char* kEarly = "relaunches.json";

Hash256 hash_of(const RunFolder& folder, const Json& json, const char* key) {
  const auto hash = hash_from_hex(json.at(key).get<std::string>());
  if (!hash) throw StorageError(folder.file("manifest.json") + ": " + key + " is no SHA-256");
  return *hash;
}

Json json_of(const ManifestStart& start) {
  Json ranks = Json::array();
  for (const ManifestRank& rank : start.ranks) {
    ranks.push_back({{"rank", rank.rank}, {"host", rank.host}, {"silos", rank.silos}});
    if (!rank.site.empty()) ranks.back()["site"] = rank.site;
  }
  Json json = {{"started_unix_seconds", start.started_unix_seconds},
               {"ended_unix_seconds", start.ended_unix_seconds ? Json(*start.ended_unix_seconds) : Json()},
               {"from_round", start.from_round.value},
               {"crossilo", start.version},
               {"command", start.command},
               {"ranks", ranks},
               {"missing_silos", start.missing}};
  if (start.outcome)
    json["outcome"] = {{"status", status_of(start.outcome->exit_code)},
                       {"exit_code", static_cast<int>(start.outcome->exit_code)},
                       {"text", start.outcome->text},
                       {"silo", start.outcome->silo}};
  return json;
}

/// None in a manifest that is older than they are.
std::vector<std::string> names_in(const Json& json) {
  const auto names = json.find("missing_silos");
  return names == json.end() ? std::vector<std::string>() : names->get<std::vector<std::string>>();
}

ManifestStart start_of(const Json& json) {
  ManifestStart start{.started_unix_seconds = json.at("started_unix_seconds"),
                      .from_round = {whole_number<std::uint32_t>(json, "from_round")},
                      .version = json.at("crossilo"),
                      .command = json.at("command")};
  if (!json.at("ended_unix_seconds").is_null()) start.ended_unix_seconds = json.at("ended_unix_seconds");
  for (const Json& rank : json.at("ranks"))
    start.ranks.push_back({.rank = whole_number<int>(rank, "rank"),
                           .host = rank.at("host"),
                           .silos = rank.at("silos"),
                           .site = rank.value("site", "")});
  start.missing = names_in(json);
  if (const auto outcome = json.find("outcome"); outcome != json.end())
    start.outcome = Outcome{.exit_code = static_cast<ExitCode>(whole_number<int>(*outcome, "exit_code")),
                            .text = outcome->at("text"),
                            .silo = outcome->at("silo")};
  return start;
}

Json json_of(const std::vector<ManifestRelaunch>& relaunches) {
  Json all = Json::array();
  for (const ManifestRelaunch& one : relaunches)
    all.push_back({{"unix_seconds", one.unix_seconds}, {"why", one.why}, {"missing_silos", one.missing}});
  return all;
}

std::vector<ManifestRelaunch> relaunches_of(const Json& json) {
  std::vector<ManifestRelaunch> relaunches;
  for (const Json& one : json)
    relaunches.push_back({.unix_seconds = one.at("unix_seconds"), .why = one.at("why"), .missing = names_in(one)});
  return relaunches;
}

}  // namespace

bool Manifest::is_unfinished() const {
  if (starts.empty() || !starts.back().outcome) return true;
  const ExitCode end = starts.back().outcome->exit_code;
  return end != ExitCode::success && end != ExitCode::diverged;
}

std::string Manifest::status() const {
  if (starts.empty() || !starts.back().outcome) return "running";
  return status_of(starts.back().outcome->exit_code);
}

void write_manifest(const RunFolder& folder, const Manifest& manifest) {
  Json libraries = Json::object();
  for (const auto& [name, version] : manifest.libraries) libraries[name] = version;
  Json starts = Json::array();
  for (const ManifestStart& start : manifest.starts) starts.push_back(json_of(start));
  const bool has_ended = !manifest.starts.empty() && manifest.starts.back().outcome;
  const Json json = {
      {"format", kFormat},
      {"name", manifest.name},
      {"status", manifest.status()},
      {"exit_code", has_ended ? Json(static_cast<int>(manifest.starts.back().outcome->exit_code)) : Json()},
      {"settings_sha256", to_hex(manifest.settings)},
      {"schema_sha256", to_hex(manifest.schema)},
      {"model_schema_sha256", to_hex(manifest.model_schema)},
      {"seed", manifest.seed},
      {"rounds", manifest.rounds},
      {"silos", manifest.silos},
      {"libraries", libraries},
      {"starts", starts},
      {"relaunches", json_of(manifest.relaunches)}};
  write_file_atomically(folder.file("manifest.json"), json_text(json));
}

std::optional<Manifest> read_manifest(const RunFolder& folder) try {
  const auto text = read_file_if_there(folder.file("manifest.json"));
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text);
  if (const int format = whole_number<int>(json, "format"); format != kFormat)
    throw StorageError(folder.file("manifest.json") + ": is of format " + std::to_string(format) +
                       "; this program reads format 1");
  Manifest manifest{.name = json.at("name"),
                    .settings = hash_of(folder, json, "settings_sha256"),
                    .schema = hash_of(folder, json, "schema_sha256"),
                    .model_schema = hash_of(folder, json, "model_schema_sha256"),
                    .seed = whole_number<std::uint64_t>(json, "seed"),
                    .rounds = whole_number<std::uint32_t>(json, "rounds"),
                    .silos = json.at("silos")};
  for (const auto& [name, version] : json.at("libraries").items()) manifest.libraries.emplace_back(name, version);
  for (const Json& start : json.at("starts")) manifest.starts.push_back(start_of(start));
  if (const auto relaunches = json.find("relaunches"); relaunches != json.end())
    manifest.relaunches = relaunches_of(*relaunches);
  return manifest;
} catch (const nlohmann::json::exception& failure) {
  throw StorageError(folder.file("manifest.json") + ": cannot be understood: " + failure.what());
}

void add_relaunch(const RunFolder& folder, ManifestRelaunch relaunch) {
  if (std::optional<Manifest> manifest = read_manifest(folder)) {
    manifest->relaunches.push_back(std::move(relaunch));
    write_manifest(folder, *manifest);
    return;
  }
  std::vector<ManifestRelaunch> early = early_relaunches(folder);
  early.push_back(std::move(relaunch));
  write_file_atomically(folder.file(kEarly), json_text(json_of(early)));
}

std::vector<ManifestRelaunch> early_relaunches(const RunFolder& folder) try {
  const auto text = read_file_if_there(folder.file(kEarly));
  return text ? relaunches_of(Json::parse(*text)) : std::vector<ManifestRelaunch>{};
} catch (const nlohmann::json::exception& failure) {
  throw StorageError(folder.file(kEarly) + ": cannot be understood: " + failure.what());
}

void drop_early_relaunches(const RunFolder& folder) {
  std::error_code ignored;  // a manifest comes first
  std::filesystem::remove(folder.file(kEarly), ignored);
}

void end_in_manifest(const RunFolder& folder, const Outcome& outcome) {
  std::optional<Manifest> manifest = read_manifest(folder);
  // A start that failed before it was noted leaves the one before as it ended.
  if (!manifest || manifest->starts.empty() || manifest->starts.back().outcome) return;
  manifest->starts.back().ended_unix_seconds = unix_seconds();
  manifest->starts.back().outcome = outcome;
  write_manifest(folder, *manifest);
}

}  // namespace crossilo
