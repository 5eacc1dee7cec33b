#include "crossilo/io/round_files.hpp"

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "crossilo/base/unix_time.hpp"
#include "crossilo/io/metrics.hpp"

namespace crossilo {
namespace {

using Json = nlohmann::json;

/// A field of a round's line that is drawn and watched, where the run has it.
struct WatchedField {
  const char* field;
  const char* tag;  // in TensorBoard
  const char* help;
};
constexpr std::array kWatched = {
    WatchedField{"held_back_loss", "loss/held_back", "Mean loss on the rows held back from training."},
    WatchedField{"test_loss", "loss/test", "Mean loss on the test rows."},
    WatchedField{"held_back_accuracy", "accuracy/held_back", "Share of held-back rows whose class is predicted."},
    WatchedField{"test_accuracy", "accuracy/test", "Share of test rows whose class is predicted."},
    WatchedField{"held_back_auc", "auc/held_back", "Area under the ROC curve on the rows held back from training."},
    WatchedField{"test_auc", "auc/test", "Area under the ROC curve on the test rows."},
    WatchedField{"held_back_rmse", "rmse/held_back", "Root mean squared error on the rows held back from training."},
    WatchedField{"test_rmse", "rmse/test", "Root mean squared error on the test rows."},
    WatchedField{"silos", "round/silos", "Silos that trained in the last round."},
    WatchedField{"abstentions", "round/abstentions", "Silos of the last round whose model delta was not finite."},
    WatchedField{"clamped_parameters", "round/clamped_parameters", "Parameters beyond the bound of the ring."}};

std::optional<double> number_in(const Json& json, const char* field) {
  const auto found = json.find(field);
  return found != json.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

const RunFolder& cut(const RunFolder& folder, RoundIndex resumed) {
  cut_metrics(folder.file("metrics.jsonl"), resumed.value);
  return folder;
}

/// Of the first rank's bytes, in the sum of the rank that waited for nobody.
std::optional<double> bytes_per_second(const Json& round) {
  const double bytes = number_in(round, "bytes_sent").value_or(0.0);
  const double seconds = number_in(round, "fastest_sum_seconds").value_or(0.0);
  return bytes > 0.0 && seconds > 0.0 ? std::optional(bytes / seconds) : std::nullopt;
}

EventFile::Scalars scalars_of(const Json& round, const SlowestRanks& slowest) {
  EventFile::Scalars scalars;
  for (const WatchedField& watched : kWatched)
    if (const auto value = number_in(round, watched.field)) scalars.emplace_back(watched.tag, *value);
  if (const auto bytes = number_in(round, "bytes_sent")) scalars.emplace_back("round/bytes_sent", *bytes);
  if (const auto rate = bytes_per_second(round)) scalars.emplace_back("round/sum_bytes_per_second", *rate);
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    scalars.emplace_back(std::string("seconds/") + kPhases[phase].name, slowest.seconds_max[phase]);
  return scalars;
}

}  // namespace

RoundFiles::RoundFiles(const RunFolder& folder, Options options)
    : run_(std::filesystem::path(folder.path()).filename().string()),
      options_(std::move(options)),
      metrics_(cut(folder, options_.resumed).file("metrics.jsonl")),
      metrics_csv_(folder.file("metrics.csv"), folder.file("metrics.jsonl")),
      timing_(folder.file("timing.csv"), options_.resumed, options_.rank_silos),
      events_(folder.file("tensorboard"), unix_seconds(), options_.resumed.value),
      prometheus_(folder.file("metrics.prom")) {}

void RoundFiles::append(const std::string& line, const SlowestRanks& slowest) {
  metrics_.append(line);
  metrics_csv_.append(line);
  timing_.append(slowest);
  const Json round = Json::parse(line);
  events_.append(number_in(round, "unix_seconds").value_or(unix_seconds()), round.value("round", std::int64_t{0}),
                 scalars_of(round, slowest));
  bytes_sent_ += number_in(round, "bytes_sent").value_or(0.0);
  last_line_ = line;
  last_slowest_ = slowest;
  if (prometheus_.is_due()) replace_prometheus();
}

void RoundFiles::close() {
  if (!last_line_.empty()) replace_prometheus();
}

void RoundFiles::replace_prometheus() {
  const Json round = Json::parse(last_line_);
  std::vector<PrometheusMetric> metrics = {
      {"crossilo_round", "Last finished round.", number_in(round, "round").value_or(0.0)},
      {"crossilo_rounds", "Rounds that are wanted.", static_cast<double>(options_.rounds)},
      {"crossilo_best_round", "Round of the best model so far.", number_in(round, "best_round").value_or(0.0)},
      {"crossilo_round_end_unix_seconds", "When the last round ended.", number_in(round, "unix_seconds").value_or(0.0)},
      {"crossilo_bytes_sent_total", "Bytes that the first rank sent in sums since it was started.", bytes_sent_, true}};
  for (const WatchedField& watched : kWatched)
    if (const auto value = number_in(round, watched.field))
      metrics.push_back({std::string("crossilo_") + watched.field, watched.help, *value});
  if (const auto rate = bytes_per_second(round))
    metrics.push_back(
        {"crossilo_sum_bytes_per_second", "Bytes that the first rank sent in a second of summing.", *rate});
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    metrics.push_back(
        {std::string("crossilo_") + kPhases[phase].name + "_seconds",
         std::string("The longest that a rank spent in the phase ") + kPhases[phase].name + " of the last round.",
         last_slowest_.seconds_max[phase]});
  prometheus_.replace(prometheus_text(metrics, run_));
}

}  // namespace crossilo
