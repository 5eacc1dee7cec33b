#include "train_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <utility>

#include "comparison_text.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/summary.hpp"
#include "crossilo/io/text.hpp"
#include "crossilo/version.hpp"
#include "missing_silos.hpp"
#include "model_file.hpp"
#include "private_state.hpp"
#include "wait_alive.hpp"

namespace crossilo {
namespace {

/// A run that was asked to stop ends soon.
bool has_time(const TrainedModel& trained) { return trained.stop != StopReason::signal; }

Baselines baselines_of(const Config& config) {
  const auto wanted = [&](const char* name) { return std::ranges::count(config.run.baselines, name) > 0; };
  return {.own = wanted("own"), .pooled = wanted("pooled")};
}

/// "cnn, 206922 parameters", and for a model with buffers "m.pt, 57 parameters and 16 values of buffers".
std::string model_text(const Config& config, const PayloadLayout& layout) {
  const std::size_t weights = layout.lanes.front().parameters;
  const std::size_t buffers = layout.parameters() - weights;
  return fmt::format("{}, {} parameters",
                     config.model.torchscript.empty() ? config.model.name : config.model.torchscript, weights) +
         (buffers > 0 ? fmt::format(" and {} values of buffers", buffers) : "");
}

constexpr std::uint32_t kShownRoundsMax = 3;

/// "between sites  east ↔ west: round trip 50.2 ms, 117 MB/s, measured in round 1", of the longest way.
std::string link_line(std::span<const SiteLink> links, const std::vector<std::string>& site_names, RoundIndex round) {
  const SiteLink& link =
      *std::ranges::max_element(links, {}, [](const SiteLink& one) { return one.round_trip_seconds.value_or(0.0); });
  return fmt::format(
      "between sites  {} ↔ {}: round trip {}, {}, measured in round {}{}\n", site_names.at(link.site),
      site_names.at(link.other_site),
      link.round_trip_seconds ? fmt::format("{:.3g} ms", 1e3 * *link.round_trip_seconds) : "unknown",
      link.bytes_per_second ? readable_bytes(*link.bytes_per_second) + "/s" : "too few bytes to tell how many a second",
      round.value, links.size() > 1 ? fmt::format("; the longest of {}, all are in timing.csv", links.size()) : "");
}

}  // namespace

TrainReport::TrainReport(const Config& config, Task task, const RunFolder& folder, bool is_first_rank,
                         RankStatusFile& status, std::vector<std::string> rank_silos)
    : config_(config),
      reading_{.task = task},
      folder_(folder),
      is_first_rank_(is_first_rank),
      status_(status),
      start_seconds_(steady_clock().now_seconds()),
      progress_(stdout, live_columns()),
      rank_silos_(std::move(rank_silos)) {}

void TrainReport::on_start(const RunStart& start) {
  const Roster& roster = start.roster;
  const char* const mask = start.mask;
  reading_.target_unit = start.scaling.target_standard_deviation;
  resumed_ = start.resumed;
  site_names_ = start.sites;
  show_life_ = start.show_life;
  if (keeper_) keeper_->show_life_by(show_life_, life_seconds_max(config_.run));
  present_ = roster.cohort.silos;
  missing_ = names_of(config_.run, present_silos(config_.run.silos.size(), present_));
  status_.write_round(RoundIndex{start.resumed.value + 1});
  log_info(fmt::format("{} silos on {} ranks, mask: {}", roster.cohort.size(), roster.identities.size(), mask));
  if (!missing_.empty())
    warn(fmt::format("without silo {}: the sum is over the others, so it shows more of each (docs/resume.md)",
                     missing_));
  if (!is_first_rank_) return;
  remove_summary(folder_);
  files_.emplace(folder_, RoundFiles::Options{.rounds = config_.run.rounds,
                                              .resumed = resumed_,
                                              .rank_silos = rank_silos_,
                                              .warn = [this](const std::string& text) { warn(text); }});
  PayloadLayout steady = start.layout;  // narrow lanes travel from the second round on
  steady.lanes.front().lane_bits = config_.privacy.lane_bits;
  const std::size_t silos = roster.cohort.size();
  const std::size_t ranks = roster.identities.size();
  std::string text =
      fmt::format("\ncrossilo {}  {} silo{} on {} rank{}, {}, {} thread{} each   model {}\n", kVersion, silos,
                  silos == 1 ? "" : "s", ranks, ranks == 1 ? "" : "s", devices_, config_.run.threads,
                  config_.run.threads == 1 ? "" : "s", model_text(config_, start.layout));
  const bool is_masked = std::string_view(mask) != "none";
  if (is_masked && ranks == silos)
    text += fmt::format("  what leaves a silo: one masked vector of {} bytes a round. No rows, no gradients.\n",
                        steady.payload_bytes());
  else if (is_masked)
    text += "  a simulation: ranks that read several silos' files mask all the same what they send.\n";
  else if (ranks == 1)
    text += "  one rank trains all silos in turn, a simulation: nobody to hide from, so nothing is masked.\n";
  else
    warn(fmt::format("NOT MASKED (privacy.masking = off): each silo's vector of {} bytes a round can be read by others",
                     steady.payload_bytes()));
  if (!is_quiet_) show_text(stdout, text + "\n");
}

void TrainReport::on_round(const RoundRecord& record) {
  status_.write_round(RoundIndex{record.ticket.round.value + 1});
  set_log_round(record.ticket.round);
  const bool closes = last_ && last_->record.ticket.round == record.ticket.round;  // the last model's evaluation
  log_info(closes ? "the last model is evaluated"
                  : fmt::format("done; train {:.3f} s, sum {:.3f} s", record.seconds.train, record.seconds.sum));
  if (record.abstentions > 0) warn_of_abstentions(record);
  if (record.clamped_parameters > 0) warn_of_clamped(record);
  if (record.parent_is_best) best_round_ = judged_round_;
  if (is_first_rank_ && !is_quiet_ && last_) show(*last_, record);
  if (files_ && !begun_.empty()) files_->append(continued_line(begun_, closing_fields(record)), record.slowest);
  const double now = steady_clock().now_seconds();
  if (!last_) first_seconds_ = now - start_seconds_;
  last_ = PastRound{.record = record, .steady_seconds = now};
  MetricRecord fields = fields_of(record);
  fields.emplace_back("missing_silos", missing_);
  begun_ = json_line(fields);
  judged_round_ = record.ticket.round.value;
}

void TrainReport::on_links(RoundIndex round, std::span<const SiteLink> links) {
  if (!is_first_rank_) return;
  files_->append_links(round, links, site_names_);
  const std::string line = link_line(links, site_names_, round);
  log_info(line.substr(0, line.size() - 1));
  progress_.finish();
  if (!is_quiet_) show_text(stdout, line);
}

void TrainReport::on_private_state(RoundIndex round, const Hash256& chain) {
  keep_private_state(config_, folder_, silos_, round, chain, show_life_);
}

void TrainReport::on_state(const FederationState& state) {
  // A start that went on from here would miss the rounds that metrics.jsonl lacks.
  if (files_ && !files_->is_whole()) return;
  if (keeper_) keeper_->keep(state, begun_, [this](const std::string& text) { warn(text); });
}

void TrainReport::go_on_from(const Checkpoint& checkpoint) {
  begun_ = checkpoint.pending_metrics();
  judged_round_ = checkpoint.state().round.value;
  best_round_ = checkpoint.state().best_round.value;
}

/// A silo's own log names it, and the screen where silos are open to one another; the others learn how many there were.
void TrainReport::warn_of_abstentions(const RoundRecord& record) {
  const RoundIndex round = record.ticket.round;
  for (const SiloId silo : record.own_abstentions) {
    const std::string text = fmt::format(
        "silo {}: its model delta is not finite, so it abstained: train with a lower train.learning_rate, or look for "
        "extreme values in its data",
        config_.run.silos.at(silo.value));
    log_warning(text);
    if (config_.run.one_machine && abstained_rounds_ < kShownRoundsMax)
      show_warning(fmt::format("round {}: {}", round.value, text));
  }
  ++abstained_rounds_;
  if (is_first_rank_)
    warn_of_round(round, abstained_rounds_,
                  fmt::format("{} of {} silos abstained, their model delta is not finite", record.abstentions,
                              record.ticket.cohort.size()));
}

void TrainReport::warn_of_clamped(const RoundRecord& record) {
  warn_of_round(record.ticket.round, ++clamped_rounds_,
                fmt::format("{} parameters of all silos together lay beyond the bound of the ring and were clamped",
                            record.clamped_parameters));
}

/// Every round into the log, which names it itself, but only the first few onto the screen.
void TrainReport::warn_of_round(RoundIndex round, std::uint32_t times, const std::string& text) {
  log_warning(text);
  if (!is_first_rank_ || times > kShownRoundsMax) return;
  progress_.finish();
  show_warning(fmt::format("round {}: {}{}", round.value, text,
                           times == kShownRoundsMax ? "; later rounds stand in the log alone" : ""));
}

void TrainReport::warn(const std::string& text) {
  log_warning(text);
  if (!is_first_rank_) return;
  progress_.finish();
  show_warning(text);
}

void TrainReport::show(const PastRound& round, const RoundRecord& next) {
  const EvaluationSums& held_back = next.parent_evaluation.held_back;
  const std::optional<BinnedAuc> auc = binned_auc(held_back.scores);
  const bool is_regression = reading_.task == Task::regression;
  const std::uint32_t index = round.record.ticket.round.value;
  const double total_seconds = round.steady_seconds - start_seconds_;
  const double sum_seconds = next.slowest.sum_seconds_min;
  const auto bytes = static_cast<double>(round.record.bytes_sent);
  progress_.show({.round = index,
                  .rounds = config_.run.rounds,
                  .metric_name = auc             ? "auc"
                                 : is_regression ? "rmse"
                                                 : "accuracy",
                  .metric = auc             ? std::optional(auc->value)
                            : is_regression ? reading_.rmse(held_back)
                                            : reading_.accuracy(held_back),
                  .metric_error = auc ? std::optional(auc->error) : std::nullopt,
                  .loss = EvaluationReading::loss(held_back),
                  .train_seconds = next.slowest.seconds_max[kTrainPhase],
                  .sum_seconds = sum_seconds,
                  .sum_bytes_per_second = bytes > 0.0 && sum_seconds > 0.0 ? bytes / sum_seconds : 0.0,
                  .silos = round.record.ticket.cohort.size(),
                  .total_seconds = total_seconds,
                  .first_seconds = first_seconds_,
                  .rounds_here = index - resumed_.value,
                  .best_round = best_round_});
}

MetricRecord TrainReport::closing_fields(const RoundRecord& next) {
  MetricRecord fields = reading_.fields(next.parent_evaluation);
  fields.emplace_back("checkpoint_seconds", keeper_ ? keeper_->take_seconds() : 0.0);
  // A start that goes on does not know the times of the round it goes on from.
  const bool is_known = next.slowest.round > resumed_;
  fields.emplace_back("fastest_sum_seconds",
                      is_known ? next.slowest.sum_seconds_min : std::numeric_limits<double>::quiet_NaN());
  fields.emplace_back("best_round", std::int64_t{best_round_});
  return fields;
}

void TrainReport::save(Job& job, const TrainedModel& trained) {
  progress_.finish();
  if (keeper_) keeper_->finish([this](const std::string& text) { warn(text); });
  if (trained.stop == StopReason::signal && keeper_ && keeper_->kept() != trained.last.round)
    throw StorageError(
        fmt::format("stopped after round {} as asked, but its checkpoint could not be written, see above",
                    trained.last.round.value));
  if (clamped_rounds_ > 0)
    warn(fmt::format(
        "in {} of {} rounds parameters were clamped, so the model is not what the silos trained: train with a "
        "lower train.learning_rate, or set privacy.clip_norm",
        clamped_rounds_, trained.last.round.value));
  if (trained.best.round.value == 0 && trained.last.round.value > 0)
    warn(
        "no round did better on the held-back rows than the model before training, which is saved as the best: train "
        "with a lower train.learning_rate");
  if (is_first_rank_) {
    const auto write = [&] {
      write_model(folder_.file("model/global.safetensors"), config_, job, trained, trained.best);
      write_model(folder_.file("model/last.safetensors"), config_, job, trained, trained.last);
    };
    do_alive(write, show_life_, life_seconds_max(config_.run));
    if (trained.stop == StopReason::signal)
      say(trained.last.round.value == 0
              ? "\nstopped before the first round was done; the same command begins it\n"
              : fmt::format("\nstopped after round {} as asked, or as --max_hours says; models and checkpoint are "
                            "saved. The same command goes on.\n",
                            trained.last.round.value));
    if (trained.stop == StopReason::patience)
      say(fmt::format("\nstopped after round {}: no better {} for {} rounds (stop.patience_rounds)\n",
                      trained.last.round.value, config_.stop.metric, config_.stop.patience_rounds));
  }
}

/// A silo's AUC and row counts are its own: they go into its private folder, never into the run folder, nor onto a
/// screen, which others may read.
void TrainReport::save_own_column(Job& job, const TrainedModel& trained) const {
  const std::string& silo = config_.run.silos.at(job.hosted().front().value);
  const std::string path = fmt::format("{}/{}.txt", path_for_silo(config_.data.private_folder, silo),
                                       std::filesystem::path(folder_.path()).filename().string());
  const Baselines baselines{.own = baselines_of(config_).own, .pooled = false};
  std::string text = comparison_text(
      compare_with_baselines(job.open_silos(job.hosted()), job.model(), trained, job.train_alone(), baselines));
  if (baselines_of(config_).pooled)
    text += "pooled: wants run.one_machine = true, where one process may read all files\n";
  constexpr unsigned kOwnerOnly = 0600;
  write_file_atomically(path, text, Existing::replace, kOwnerOnly);
  log_info("this silo's own results: " + path);
  if (is_first_rank_) say(fmt::format("\nown     {}\n", path));
}

void TrainReport::say(const std::string& text) const {
  if (!prints_json_) show_text(stdout, text);
}

void TrainReport::close(Job& job, const TrainedModel& trained) {
  if (has_time(trained) && !config_.run.one_machine) save_own_column(job, trained);
  if (!is_first_rank_) return;
  files_->close();
  const Baselines baselines = baselines_of(config_);
  if (has_time(trained) && config_.run.one_machine) {
    log_info("comparing on the test rows of all silos; baselines: " +
             fmt::format("{}", fmt::join(config_.run.baselines, ", ")));
    const Comparison comparison =
        compare_with_baselines(job.open_silos(present_), job.model(), trained, job.train_alone(), baselines);
    write_file_atomically(folder_.file("comparison.json"), comparison_json(comparison));
    say("\n" + comparison_text(comparison));
  }
  say(fmt::format("\nmodel   {}  (best round {}; last.safetensors beside it)\nrounds  {}\n",
                  folder_.file("model/global.safetensors"), trained.best.round.value, folder_.file("metrics.jsonl")));
}

void TrainReport::summarise(const TrainedModel& trained) const {
  if (!is_first_rank_) return;
  const auto tell = [](const std::string& text) {
    log_warning(text);
    show_warning(text);
  };
  std::string text;
  std::vector<std::string> notes;
  try {
    text = summary_text(folder_,
                        {.rounds = trained.last.round,
                         .best_round = trained.best.round,
                         .best = reading_.fields(trained.best.evaluation),
                         .last = reading_.fields(trained.last.evaluation)},
                        notes);
    write_file_atomically(folder_.file("summary.json"), text);
  } catch (const std::exception& error) {  // the run itself is done, its models are saved and its outcome is told
    notes.push_back(std::string("no summary.json, though the models are saved: ") + error.what());
  }
  for (const std::string& note : notes) tell(note);
  if (text.empty())
    text = outcome_text(
        folder_,
        {.exit_code = has_time(trained) ? ExitCode::success : ExitCode::requeue, .text = notes.back(), .silo = ""});
  if (prints_json_) show_text(stdout, text);
}

void TrainReport::leave_page() const {
  if (const std::string path = leave_report(folder_.path()); !path.empty()) say(fmt::format("report  {}\n", path));
}

}  // namespace crossilo
