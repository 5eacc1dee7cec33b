#include "round_fields.hpp"

#include <cmath>
#include <limits>

#include "crossilo/base/unix_time.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/round/stop_rule.hpp"

namespace crossilo {
namespace {

/// A mean over rows; nothing where there are none.
std::optional<double> per_row(double sum, double rows) {
  return rows > 0.0 ? std::optional<double>(sum / rows) : std::nullopt;
}

/// NaN is written as null.
double or_nan(std::optional<double> value) { return value.value_or(std::numeric_limits<double>::quiet_NaN()); }

}  // namespace

std::optional<double> EvaluationReading::loss(const EvaluationSums& sums) { return per_row(sums.loss, sums.rows); }

std::optional<double> EvaluationReading::accuracy(const EvaluationSums& sums) const {
  return task == Task::regression ? std::nullopt : per_row(sums.correct, sums.rows);
}

std::optional<double> EvaluationReading::rmse(const EvaluationSums& sums) const {
  if (task != Task::regression || !(sums.rows > 0.0)) return std::nullopt;
  return target_unit * std::sqrt(sums.loss / sums.rows);
}

MetricRecord EvaluationReading::fields(const SiloEvaluation& evaluation) const {
  MetricRecord record;
  const auto add = [&](const std::string& rows, const EvaluationSums& sums) {
    const auto auc = binned_auc(sums.scores);
    record.insert(record.end(), {{rows + "_loss", or_nan(loss(sums))},
                                 {rows + "_accuracy", or_nan(accuracy(sums))},
                                 {rows + "_rmse", or_nan(rmse(sums))},
                                 {rows + "_auc", auc ? auc->value : or_nan({})},
                                 {rows + "_auc_error", auc ? auc->error : or_nan({})}});
  };
  add("held_back", evaluation.held_back);
  add("test", evaluation.test);
  return record;
}

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

}  // namespace crossilo
