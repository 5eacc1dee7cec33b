// The stages of the line in round.cpp, each a few lines that hand on to the strategy chosen for it.
#include <algorithm>
#include <cmath>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/base/phase_timer.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/round/evaluation_statistics.hpp"
#include "crossilo/round/round.hpp"
#include "crossilo/round/statistics_sum.hpp"

namespace crossilo {
namespace {

constexpr double kBufferBound = 4096.0;  // running means and variances are larger than steps

std::span<const double> evaluation_part(std::span<const double> statistics) {
  return statistics.subspan(kFirstFreeStatistic);
}

}  // namespace

PayloadLayout round_layout(const ParameterLayout& parameters, const EvaluationLayout& evaluation, unsigned lane_bits) {
  PayloadLayout layout;
  layout.lanes = {{.name = "model_delta", .parameters = parameters.weights, .lane_bits = lane_bits}};
  if (parameters.buffers > 0)
    layout.lanes.push_back({.name = "buffers", .parameters = parameters.buffers, .bound = kBufferBound});
  layout.statistics = leading_statistics();
  for (StatisticSpec& spec : evaluation_statistics(evaluation)) layout.statistics.push_back(std::move(spec));
  return layout;
}

const Cohort& Round::cohort_of(RoundIndex round) {
  if (!stages_.cohort_of) return session_.roster().cohort;
  stages_.cohort_of(round, cohort_);
  return cohort_;
}

const RoundTicket& Round::open(RoundIndex round, bool wants_stop) {
  const PhaseSeconds finished = std::exchange(seconds_, {});
  record_.own_abstentions.clear();
  const PhaseTimer timer(seconds_.open);
  bytes_before_ = session_.bytes_sent();
  lanes_.front() = stages_.lanes.next();
  const RoundTicket& ticket = session_.open({.kind = SumKind::round,
                                             .round = round,
                                             .model = last_.hash,
                                             .lanes = lanes_,
                                             .wants_stop = wants_stop,
                                             .out_of_patience = stages_.stop_rule.is_out_of_patience(),
                                             .cohort = &cohort_of(round),
                                             .timed_round = last_.round,
                                             .seconds = finished});
  if (ticket.stop != StopReason::none) seconds_ = finished;  // no round follows: close() tells them once more
  return ticket;
}

SiloUpdate Round::train_locally(const RoundTicket& ticket, Silo& silo) {
  std::size_t index = 0;
  while (stages_.silos[index] != &silo) ++index;
  const bool takes_part = ticket.cohort.contains(silo.id());
  UpdateBuffer& buffer = takes_part ? update_ : sitting_;
  write_evaluation(evaluations_[index], stages_.evaluation, std::span(buffer.statistics).subspan(kFirstFreeStatistic));
  if (!takes_part) return silo.statistics_only(buffer);
  const PhaseTimer timer(seconds_.train);
  return silo.train_locally(ticket, parameters_, buffer);
}

RingPayload Round::encode(ClippedUpdate&& update, const RoundTicket& ticket, Silo& silo) {
  if (update.abstains()) record_.own_abstentions.push_back(silo.id());
  if (!feeds_errors_back(ticket.lanes.front().lane_bits)) return stages_.codec.encode(std::move(update), ticket);
  return stages_.codec.encode(std::move(update), ticket, [this, &silo](std::span<const float> parameters) {
    silo.keep_remainder(parameters.first(stages_.parameters.weights));
  });
}

MaskedPayload Round::mask(NoisedPayload&& payload, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.mask);
  return session_.mask(std::move(payload), ticket);
}

RingTotal Round::sum(MaskedPayload&& payload, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.sum);
  return session_.sum(std::move(payload), ticket);
}

RoundTotal Round::decode(RingTotal& total, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.decode);
  return stages_.codec.decode(total, ticket, totals_);
}

bool Round::keep_if_best(std::span<const double> statistics) {
  const SiloEvaluation parent = read_evaluation(stages_.evaluation, evaluation_part(statistics));
  if (!stages_.stop_rule.judge(last_.round, parent.held_back)) return false;
  has_best_ = true;
  std::copy(parameters_.begin(), parameters_.end(), best_parameters_.begin());
  best_.round = last_.round;
  best_.hash = last_.hash;
  return true;
}

GlobalModel Round::server_step(const RoundTotal& total, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.decode);
  stages_.server_optimizer->step(total, stages_.parameters, parameters_);
  stages_.lanes.after(total, stages_.parameters.weights, ticket.cohort.size());
  set_last(ticket.round);
  take_seconds();
  return last_;
}

/// Moves what sources worked for others to their own phases; what asked for it has not counted it.
void Round::take_seconds() {
  seconds_.encode += stages_.codec.take_encode_seconds() + hosted_sum_.take_seconds();
  seconds_.mask += session_.take_mask_seconds();
  seconds_.sum += session_.take_sum_seconds();
}

void Round::set_last(RoundIndex round) {
  last_ = {.round = round, .parameters = parameters_, .hash = fingerprint(std::as_bytes(std::span(parameters_)))};
}

FederationState Round::state() const {
  FederationState state{.round = last_.round,
                        .parameters = parameters_,
                        .server = {},
                        .lanes = stages_.lanes.next(),
                        .judged = stages_.stop_rule.judged(),
                        .best_round = best_.round,
                        .has_best = has_best_,
                        .best_parameters = best_parameters_};
  for (const std::span<float> vector : stages_.server_optimizer->state()) state.server.emplace_back(vector);
  return state;
}

void Round::restore(const FederationState& state) {
  const auto server = stages_.server_optimizer->state();
  CROSSILO_ASSERT(state.parameters.size() == parameters_.size() && state.best_parameters.size() == parameters_.size());
  CROSSILO_ASSERT(state.server.size() == server.size());
  std::ranges::copy(state.best_parameters, parameters_.begin());
  set_last(state.best_round);
  best_ = last_;
  best_.parameters = best_parameters_;
  std::ranges::copy(state.best_parameters, best_parameters_.begin());
  has_best_ = state.has_best;
  std::ranges::copy(state.parameters, parameters_.begin());
  set_last(state.round);
  for (std::size_t i = 0; i < server.size(); ++i) {
    CROSSILO_ASSERT(state.server[i].size() == server[i].size());
    std::ranges::copy(state.server[i], server[i].begin());
  }
  stages_.lanes.restore(state.lanes);
  stages_.stop_rule.restore(state.judged);
}

/// Other silos than before are there: what was judged on other rows is no measure any more, and this model is not
/// evaluated again, since two exact totals of one model differ by what is one silo's alone.
void Round::judge_anew() {
  stages_.stop_rule.restore({.reference_round = last_.round, .last_round = last_.round});
  evaluated_ = last_.round;
}

void Round::evaluate(const GlobalModel& model) {
  if (model.round.value % stages_.evaluate_every_rounds == 0) return evaluate_hosted();
  std::ranges::fill(evaluations_, SiloEvaluation{});
}

void Round::evaluate_hosted() {
  const PhaseTimer timer(seconds_.evaluate);
  for (std::size_t i = 0; i < evaluations_.size(); ++i) evaluations_[i] = stages_.silos[i]->evaluate(last_);
  evaluated_ = last_.round;
}

const RoundRecord& Round::record(const RoundTicket& ticket, const RoundTotal& total, bool parent_is_best) {
  record_.ticket = ticket;
  record_.contributed_share = total.contributed_share;
  record_.abstentions = static_cast<std::uint64_t>(total.statistics[kAbstentions]);
  record_.clamped_parameters =
      static_cast<std::uint64_t>(total.statistics[kClampedParameters] + total.statistics[kClampedBuffers]);
  record_.mask = session_.mask_name();
  record_.noise = stages_.noise->name();
  record_.model = last_.hash;
  record_.parent_evaluation = read_evaluation(stages_.evaluation, evaluation_part(total.statistics));
  record_.parent_is_best = parent_is_best;
  record_.seconds = seconds_;
  record_.slowest = session_.slowest();
  record_.bytes_sent = session_.bytes_sent() - bytes_before_;
  return record_;
}

const RoundRecord& Round::close() {
  record_.own_abstentions.clear();
  bytes_before_ = session_.bytes_sent();
  if (evaluated_ != last_.round) evaluate_hosted();
  const OpenRequest request{.kind = SumKind::final_evaluation,
                            .round = last_.round,
                            .model = last_.hash,
                            .timed_round = last_.round,
                            .seconds = std::exchange(seconds_, {})};
  const StatisticsTotal total =
      sum_statistics(session_, stages_.silos, request, evaluation_statistics(stages_.evaluation),
                     [&](std::size_t index, std::span<double> out) {
                       write_evaluation(evaluations_[index], stages_.evaluation, out);
                     });
  const bool best = keep_if_best(total.statistics);
  RoundTotal decoded{.statistics = total.statistics, .contributed_share = 1.0};
  return record(total.ticket, decoded, best);
}

}  // namespace crossilo
