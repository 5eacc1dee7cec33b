#include "crossilo/io/round_files.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "crossilo/base/error.hpp"
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

SecondsOfPhases seconds_of(const SlowestRanks& slowest) {
  SecondsOfPhases seconds;
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase)
    seconds.emplace_back(kPhases[phase].name, slowest.seconds_max[phase]);
  return seconds;
}

EventFile::Scalars scalars_of(const Json& round, const SecondsOfPhases& seconds) {
  EventFile::Scalars scalars;
  for (const WatchedField& watched : kWatched)
    if (const auto value = number_in(round, watched.field)) scalars.emplace_back(watched.tag, *value);
  if (const auto bytes = number_in(round, "bytes_sent")) scalars.emplace_back("round/bytes_sent", *bytes);
  if (const auto rate = bytes_per_second(round)) scalars.emplace_back("round/sum_bytes_per_second", *rate);
  for (const auto& [phase, longest] : seconds) scalars.emplace_back("seconds/" + phase, longest);
  return scalars;
}

}  // namespace

template <class File, class Act>
void RoundFiles::use(std::optional<File>& file, const Act& act) try {
  act();
} catch (const StorageError& error) {
  file.reset();
  options_.warn(std::string(error.what()) + "; training goes on, but this file is left alone until the next start");
}

RoundFiles::RoundFiles(const RunFolder& folder, Options options)
    : run_(std::filesystem::path(folder.path()).filename().string()),
      options_(std::move(options)),
      metrics_(cut(folder, options_.resumed).file("metrics.jsonl")),
      prometheus_(folder.file("metrics.prom")) {
  use(metrics_csv_, [&] { metrics_csv_.emplace(folder.file("metrics.csv"), folder.file("metrics.jsonl")); });
  use(timing_, [&] {
    resumed_seconds_ = phase_seconds(folder.file("timing.csv"), options_.resumed);
    timing_.emplace(folder.file("timing.csv"), options_.resumed, options_.rank_silos);
  });
  use(events_, [&] { events_.emplace(folder.file("tensorboard"), unix_seconds(), options_.resumed.value); });
}

void RoundFiles::append(const std::string& line, const SlowestRanks& slowest) {
  append_metrics(line);
  const Json round = Json::parse(line);
  // Seconds come a round late: a start that goes on hears none of the round it goes on from.
  last_seconds_ = slowest.round > options_.resumed ? seconds_of(slowest) : resumed_seconds_;
  last_line_ = line;
  bytes_sent_ += number_in(round, "bytes_sent").value_or(0.0);
  if (metrics_csv_) use(metrics_csv_, [&] { metrics_csv_->append(line); });
  if (timing_) use(timing_, [&] { timing_->append(slowest); });
  if (events_)
    use(events_, [&] {
      events_->append(number_in(round, "unix_seconds").value_or(unix_seconds()), round.value("round", std::int64_t{0}),
                      scalars_of(round, last_seconds_));
    });
  if (prometheus_ && prometheus_->is_due()) replace_prometheus();
}

void RoundFiles::append_links(RoundIndex round, std::span<const SiteLink> links,
                              const std::vector<std::string>& site_names) {
  if (timing_) use(timing_, [&] { timing_->append(round, links, site_names); });
}

void RoundFiles::append_metrics(const std::string& line) {
  constexpr std::uint32_t kFailuresMax = 3;
  unwritten_ += line;
  try {
    metrics_.append(unwritten_);
    unwritten_.clear();
    failures_ = 0;
  } catch (const StorageError& error) {
    if (++failures_ == kFailuresMax)
      throw StorageError(fmt::format("{} ({} times in a row)", error.what(), kFailuresMax));
    options_.warn(std::string(error.what()) +
                  "; the round's line is kept and written with the next, and until then there is no new checkpoint");
  }
}

void RoundFiles::close() {
  if (!is_whole()) metrics_.append(std::exchange(unwritten_, {}));
  if (prometheus_ && !last_line_.empty()) replace_prometheus();
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
  for (const auto& [phase, seconds] : last_seconds_)
    metrics.push_back({"crossilo_" + phase + "_seconds",
                       "The longest that a rank spent in the phase " + phase + " of the last round.", seconds});
  use(prometheus_, [&] { prometheus_->replace(prometheus_text(metrics, run_)); });
}

}  // namespace crossilo
