// The stages of the line in round.cpp, each a few lines that hand on to the strategy chosen for it.
#include <cmath>

#include "crossilo/foreign/openssl.hpp"
#include "crossilo/round/evaluation_statistics.hpp"
#include "crossilo/round/phase_timer.hpp"
#include "crossilo/round/round.hpp"
#include "crossilo/round/statistics_sum.hpp"

namespace crossilo {
namespace {

std::span<const double> evaluation_part(std::span<const double> statistics) {
  return statistics.subspan(kFirstFreeStatistic);
}

}  // namespace

PayloadLayout round_layout(std::size_t parameters, unsigned lane_bits) {
  PayloadLayout layout;
  layout.lanes = {{.name = "model_delta", .parameters = parameters, .lane_bits = lane_bits}};
  layout.statistics = leading_statistics();
  for (StatisticSpec& spec : evaluation_statistics()) layout.statistics.push_back(std::move(spec));
  return layout;
}

RoundTicket Round::open(RoundIndex round, bool wants_stop) {
  seconds_ = {};
  const PhaseTimer timer(seconds_.open);
  bytes_before_ = session_.bytes_sent();
  return session_.open({.kind = SumKind::round,
                        .round = round,
                        .model = last_.hash,
                        .lanes = stages_.lanes.next(),
                        .wants_stop = wants_stop});
}

SiloUpdate Round::train_locally(const RoundTicket& ticket, Silo& silo) {
  const double before = seconds_.train;
  std::size_t index = 0;
  while (stages_.silos[index] != &silo) ++index;
  write_evaluation(evaluations_[index], std::span(update_.statistics).subspan(kFirstFreeStatistic));
  SiloUpdate update = [&] {
    const PhaseTimer timer(seconds_.train);
    return silo.train_locally(ticket, parameters_, update_);
  }();
  seconds_.encode -= seconds_.train - before;  // the caller's timer runs on while this silo trains
  return update;
}

RingPayload Round::encode(ClippedUpdate&& update, const RoundTicket& ticket, Silo& silo, WordBuffer& words) {
  const bool abstains = update.abstains();
  RingPayload payload = stages_.codec.encode(std::move(update), ticket, words);
  if (feeds_errors_back(ticket.lanes.front().lane_bits) && !abstains) silo.keep_remainder(update_.parameters);
  return payload;
}

MaskedPayload Round::mask(NoisedPayload&& payload, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.mask);
  return session_.mask(std::move(payload), ticket);
}

RingTotal Round::sum(MaskedPayload&& payload, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.sum);
  return session_.sum(std::move(payload), ticket);
}

RoundTotal Round::decode(const RingTotal& total, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.decode);
  const RoundTotal decoded = stages_.codec.decode(total, ticket, update_.parameters, totals_);
  stages_.lanes.after(decoded, ticket.cohort.size());
  return decoded;
}

bool Round::keep_if_best(std::span<const double> statistics) {
  const EvaluationSums held_back = read_evaluation(evaluation_part(statistics)).held_back;
  const double loss = held_back.loss / held_back.rows;
  const bool is_better = held_back.rows > best_rows_ || (held_back.rows == best_rows_ && loss < best_loss_);
  if (!is_better) return false;
  best_loss_ = loss;
  best_rows_ = held_back.rows;
  std::copy(parameters_.begin(), parameters_.end(), best_parameters_.begin());
  best_.round = last_.round;
  best_.hash = last_.hash;
  return true;
}

GlobalModel Round::server_step(const RoundTotal& total, const RoundTicket& ticket) {
  const PhaseTimer timer(seconds_.decode);
  stages_.server_optimizer->step(total, parameters_);
  set_last(ticket.round);
  return last_;
}

void Round::set_last(RoundIndex round) {
  last_ = {.round = round, .parameters = parameters_, .hash = fingerprint(std::as_bytes(std::span(parameters_)))};
}

void Round::evaluate(const GlobalModel& model) {
  const PhaseTimer timer(seconds_.evaluate);
  for (std::size_t i = 0; i < evaluations_.size(); ++i) evaluations_[i] = stages_.silos[i]->evaluate(model.parameters);
}

RoundRecord Round::record(const RoundTicket& ticket, const RoundTotal& total, bool parent_is_best) const {
  return {.ticket = ticket,
          .contributed_share = total.contributed_share,
          .abstentions = static_cast<std::uint64_t>(total.statistics[kAbstentions]),
          .clamped_parameters = static_cast<std::uint64_t>(total.statistics[kClampedParameters]),
          .mask = session_.mask_name(),
          .noise = stages_.noise->name(),
          .model = last_.hash,
          .parent_evaluation = read_evaluation(evaluation_part(total.statistics)),
          .parent_is_best = parent_is_best,
          .seconds = seconds_,
          .bytes_sent = session_.bytes_sent() - bytes_before_};
}

RoundRecord Round::close() {
  seconds_ = {};
  bytes_before_ = session_.bytes_sent();
  const OpenRequest request{.kind = SumKind::final_evaluation, .round = last_.round, .model = last_.hash};
  const StatisticsTotal total =
      sum_statistics(session_, stages_.silos, request, evaluation_statistics(),
                     [&](std::size_t index, std::span<double> out) { write_evaluation(evaluations_[index], out); });
  const bool best = keep_if_best(total.statistics);
  RoundTotal decoded{.statistics = total.statistics, .contributed_share = 1.0};
  return record(total.ticket, decoded, best);
}

}  // namespace crossilo
