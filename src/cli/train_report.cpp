#include "train_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "comparison_text.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/base/unix_time.hpp"
#include "crossilo/cli/run_commands.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/version.hpp"
#include "model_file.hpp"

namespace crossilo {
namespace {

/// A mean over rows; nothing where there are none.
std::optional<double> per_row(double sum, double rows) {
  return rows > 0.0 ? std::optional<double>(sum / rows) : std::nullopt;
}

/// NaN is written as null.
double or_nan(std::optional<double> value) { return value.value_or(std::numeric_limits<double>::quiet_NaN()); }

/// A run that was asked to stop ends soon.
bool has_time(const TrainedModel& trained) { return trained.stop != StopReason::signal; }

Baselines baselines_of(const Config& config) {
  const auto wanted = [&](const char* name) { return std::ranges::count(config.run.baselines, name) > 0; };
  return {.own = wanted("own"), .pooled = wanted("pooled")};
}

double auc_value(const EvaluationSums& sums) {
  const auto auc = binned_auc(sums.scores);
  return auc ? auc->value : std::numeric_limits<double>::quiet_NaN();
}
double auc_error(const EvaluationSums& sums) {
  const auto auc = binned_auc(sums.scores);
  return auc ? auc->error : std::numeric_limits<double>::quiet_NaN();
}

/// "cnn, 206922 parameters", and for a model with buffers "m.pt, 57 parameters and 16 values of buffers".
std::string model_text(const Config& config, const PayloadLayout& layout) {
  const std::size_t weights = layout.lanes.front().parameters;
  const std::size_t buffers = layout.parameters() - weights;
  return fmt::format("{}, {} parameters",
                     config.model.torchscript.empty() ? config.model.name : config.model.torchscript, weights) +
         (buffers > 0 ? fmt::format(" and {} values of buffers", buffers) : "");
}

/// What a round's line begins with; its evaluation comes one round later.
MetricRecord fields_of(const RoundRecord& record) {
  return {
      {"round", static_cast<std::int64_t>(record.ticket.round.value)},
      {"unix_seconds", unix_seconds()},
      {"silos", static_cast<std::int64_t>(record.ticket.cohort.size())},
      {"contributed_share", record.contributed_share},
      {"abstentions", static_cast<std::int64_t>(record.abstentions)},
      {"clamped_parameters", static_cast<std::int64_t>(record.clamped_parameters)},
      {"mask", record.mask},
      {"noise", record.noise},
      {"lane_bits", static_cast<std::int64_t>(record.ticket.lanes.empty() ? 0 : record.ticket.lanes.front().lane_bits)},
      {"model_fingerprint", to_hex(record.model)},
      {"open_seconds", record.seconds.open},
      {"train_seconds", record.seconds.train},
      {"encode_seconds", record.seconds.encode},
      {"mask_seconds", record.seconds.mask},
      {"sum_seconds", record.seconds.sum},
      {"decode_seconds", record.seconds.decode},
      {"evaluate_seconds", record.seconds.evaluate},
      {"bytes_sent", static_cast<std::int64_t>(record.bytes_sent)}};
}

}  // namespace

TrainReport::TrainReport(const Config& config, Task task, const RunFolder& folder, bool is_first_rank,
                         RankStatusFile& status)
    : config_(config),
      task_(task),
      folder_(folder),
      is_first_rank_(is_first_rank),
      status_(status),
      start_seconds_(steady_clock().now_seconds()),
      progress_(stdout, live_columns()) {
  if (is_first_rank) metrics_ = std::make_unique<MetricsWriter>(folder.file("metrics.jsonl"));
}

void TrainReport::on_start(const RunStart& start) {
  const Roster& roster = start.roster;
  const char* const mask = start.mask;
  target_unit_ = start.scaling.target_standard_deviation;
  status_.write_round(RoundIndex{start.resumed.value + 1});
  log_info(fmt::format("{} silos on {} ranks, mask: {}", roster.cohort.size(), roster.identities.size(), mask));
  if (!is_first_rank_) return;
  PayloadLayout steady = start.layout;  // narrow lanes travel from the second round on
  steady.lanes.front().lane_bits = config_.privacy.lane_bits;
  const std::size_t silos = roster.cohort.size();
  const std::size_t ranks = roster.identities.size();
  std::string text = fmt::format("\ncrossilo {}  {} silo{} on {} rank{}, CPU, {} thread{} each   model {}\n", kVersion,
                                 silos, silos == 1 ? "" : "s", ranks, ranks == 1 ? "" : "s", config_.run.threads,
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
  if (record.abstentions > 0)
    warn(fmt::format("round {}: {} of {} silos abstained, their model delta is not finite", record.ticket.round.value,
                     record.abstentions, record.ticket.cohort.size()));
  if (record.clamped_parameters > 0) warn_of_clamped(record);
  if (record.parent_is_best) best_round_ = judged_round_;
  if (is_first_rank_ && !is_quiet_ && last_) show(*last_, record.parent_evaluation.held_back);
  if (is_first_rank_ && !begun_.empty()) metrics_->write(begun_, evaluation_fields(record.parent_evaluation));
  last_ = PastRound{.record = record, .steady_seconds = steady_clock().now_seconds()};
  begun_ = json_line(fields_of(record));
  judged_round_ = record.ticket.round.value;
}

void TrainReport::on_state(const FederationState& state) {
  if (keeper_) keeper_->keep(state, begun_, [this](const std::string& text) { warn(text); });
}

void TrainReport::go_on_from(const Checkpoint& checkpoint) {
  begun_ = checkpoint.pending_metrics();
  judged_round_ = checkpoint.state().round.value;
  best_round_ = checkpoint.state().best_round.value;
}

/// Every round into the log, but only the first few onto the screen.
void TrainReport::warn_of_clamped(const RoundRecord& record) {
  constexpr std::uint32_t kShownMax = 3;
  const std::string text =
      fmt::format("round {}: {} parameters of all silos together lay beyond the bound of the ring and were clamped",
                  record.ticket.round.value, record.clamped_parameters);
  if (++clamped_rounds_ > kShownMax) return log_warning(text);
  warn(text + (clamped_rounds_ == kShownMax ? "; later rounds stand in the log alone" : ""));
}

void TrainReport::warn(const std::string& text) {
  log_warning(text);
  if (!is_first_rank_) return;
  progress_.finish();
  show_text(stderr, "crossilo: warning: " + text + "\n");
}

/// A regression predicts no class.
std::optional<double> TrainReport::accuracy(const EvaluationSums& sums) const {
  return task_ == Task::regression ? std::nullopt : per_row(sums.correct, sums.rows);
}

/// In the target's own unit.
std::optional<double> TrainReport::rmse(const EvaluationSums& sums) const {
  if (task_ != Task::regression || !(sums.rows > 0.0)) return std::nullopt;
  return target_unit_ * std::sqrt(sums.loss / sums.rows);
}

void TrainReport::show(const PastRound& round, const EvaluationSums& held_back) {
  const std::optional<BinnedAuc> auc = binned_auc(held_back.scores);
  const bool is_regression = task_ == Task::regression;
  progress_.show({.round = round.record.ticket.round.value,
                  .rounds = config_.run.rounds,
                  .metric_name = auc             ? "auc"
                                 : is_regression ? "rmse"
                                                 : "accuracy",
                  .metric = auc             ? std::optional(auc->value)
                            : is_regression ? rmse(held_back)
                                            : accuracy(held_back),
                  .metric_error = auc ? std::optional(auc->error) : std::nullopt,
                  .loss = per_row(held_back.loss, held_back.rows),
                  .train_seconds = round.record.seconds.train,
                  .sum_seconds = round.record.seconds.sum,
                  .total_seconds = round.steady_seconds - start_seconds_,
                  .best_round = best_round_});
}

MetricRecord TrainReport::evaluation_fields(const SiloEvaluation& evaluation) {
  const EvaluationSums& held_back = evaluation.held_back;
  const EvaluationSums& test = evaluation.test;
  return {{"held_back_loss", or_nan(per_row(held_back.loss, held_back.rows))},
          {"held_back_accuracy", or_nan(accuracy(held_back))},
          {"held_back_rmse", or_nan(rmse(held_back))},
          {"held_back_auc", auc_value(held_back)},
          {"held_back_auc_error", auc_error(held_back)},
          {"test_loss", or_nan(per_row(test.loss, test.rows))},
          {"test_accuracy", or_nan(accuracy(test))},
          {"test_rmse", or_nan(rmse(test))},
          {"test_auc", auc_value(test)},
          {"test_auc_error", auc_error(test)},
          {"checkpoint_seconds", keeper_ ? keeper_->take_seconds() : 0.0}};
}

void TrainReport::save(Job& job, const TrainedModel& trained) {
  progress_.finish();
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
    write_model(folder_.file("model/global.safetensors"), config_, job, trained, trained.best);
    write_model(folder_.file("model/last.safetensors"), config_, job, trained, trained.last);
    if (trained.stop == StopReason::signal)
      say(
          fmt::format("\nstopped after round {} as asked, or as --max_hours says; models and checkpoint are "
                      "saved. The same command goes on.\n",
                      trained.last.round.value));
    if (trained.stop == StopReason::patience)
      say(fmt::format("\nstopped after round {}: no better {} for {} rounds (stop.patience_rounds)\n",
                      trained.last.round.value, config_.stop.metric, config_.stop.patience_rounds));
  }
  if (has_time(trained) && !config_.run.one_machine) save_own_column(job, trained);
}

/// A silo's AUC and row counts are its own: they go into its private folder, never into the run folder, which all may
/// read.
void TrainReport::save_own_column(Job& job, const TrainedModel& trained) const {
  const std::string& silo = config_.run.silos.at(job.hosted().front().value);
  const std::string path = fmt::format("{}/{}.txt", path_for_silo(config_.data.private_folder, silo),
                                       std::filesystem::path(folder_.path()).filename().string());
  const std::string text = own_columns_text(job, trained, config_.run.silos);
  constexpr unsigned kOwnerOnly = 0600;
  write_file_atomically(path, text, Existing::replace, kOwnerOnly);
  log_info("this silo's own results: " + path);
  if (is_first_rank_) say("\n" + text);
}

void TrainReport::say(const std::string& text) const {
  if (!prints_json_) show_text(stdout, text);
}

void TrainReport::close(Job& job, const TrainedModel& trained) {
  if (!is_first_rank_) return;
  nlohmann::ordered_json summary = {{"run", folder_.path()},
                                    {"stopped", trained.stop == StopReason::signal},
                                    {"rounds", trained.last.round.value},
                                    {"best_round", trained.best.round.value},
                                    {"model", folder_.file("model/global.safetensors")},
                                    {"comparison", nullptr}};
  const Baselines baselines = baselines_of(config_);
  if (has_time(trained) && config_.run.one_machine && (baselines.own || baselines.pooled)) {
    log_info("comparing with own data only and with pooled rows");
    const Comparison comparison =
        compare_with_baselines(job.open_all_silos(), job.model(), trained, job.train_alone(), baselines);
    const std::string json = comparison_json(comparison);
    write_file_atomically(folder_.file("comparison.json"), json);
    summary["comparison"] = nlohmann::ordered_json::parse(json);
    say("\n" + comparison_text(comparison));
  }
  say(fmt::format("\nmodel   {}  (best round {}; last.safetensors beside it)\nrounds  {}\n",
                  folder_.file("model/global.safetensors"), trained.best.round.value, folder_.file("metrics.jsonl")));
  if (prints_json_) show_text(stdout, json_text(summary));
}

void TrainReport::leave_page() const {
  if (const std::string path = leave_report(folder_.path()); !path.empty()) say(fmt::format("report  {}\n", path));
}

}  // namespace crossilo
