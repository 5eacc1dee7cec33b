// Aim: one round as a straight line; the whole product in one function (src/round/round.cpp).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "crossilo/aggregate/server_optimizer.hpp"
#include "crossilo/round/evaluation_statistics.hpp"
#include "crossilo/round/federation_state.hpp"
#include "crossilo/round/round_record.hpp"
#include "crossilo/round/stop_rule.hpp"
#include "crossilo/round/sum_hosted.hpp"
#include "crossilo/round/sum_session.hpp"
#include "crossilo/update/clip.hpp"
#include "crossilo/update/lane_schedule.hpp"
#include "crossilo/update/noise.hpp"
#include "crossilo/update/ring_codec.hpp"

namespace crossilo {

/// The strategies of a round, chosen once where the job is built (cli/build_job); the line asks none of them its name.
struct RoundStages {
  std::vector<Silo*> silos;  // hosted by this rank, in roster order, at least one
  Clip clip;
  RingCodec codec;
  LaneSchedule lanes{32};
  std::unique_ptr<Noise> noise;
  std::unique_ptr<ServerOptimizer> server_optimizer;
  ParameterLayout parameters;                               // how the model's vector divides
  EvaluationLayout evaluation{};                            // as in the codec's layout
  std::function<void(RoundIndex, Cohort&)> cohort_of = {};  // writes who trains in a round; empty: everybody
  std::uint32_t evaluate_every_rounds = 1;                  // the last model is evaluated anyway
  StopRule stop_rule{{}};
};

/// The payload of a training round: the model delta, the buffers where a model has some, the statistics of the round
/// and of the last evaluation. `lane_bits` sizes the delta's buffers: 32 unless no round will be wider. Buffers always
/// travel in 32 bits, with a bound of 4096.
[[nodiscard]] PayloadLayout round_layout(const ParameterLayout& parameters, const EvaluationLayout& evaluation = {},
                                         unsigned lane_bits = 32);

/// Rounds on one model. Holds every buffer of a round: a steady round takes no memory (tests/round/steady_round_test).
class Round {
 public:
  /// `initial` is the model before the first round, or `resumed` the state after a later one; the model is evaluated on
  /// the hosted silos. Throws: ConfigError when the lanes are too narrow for the roster.
  Round(SumSession& session, RoundStages stages, std::span<const float> initial,
        const FederationState* resumed = nullptr);

  /// Runs one round, or ends it in open when somebody wants to stop: then nothing is trained and the record says why.
  /// Collective. The record holds until the next round.
  /// Throws: PeerLostError, DivergedError; what a silo's training throws.
  const RoundRecord& run(RoundIndex round, bool wants_stop);

  /// The last sum: the evaluation of the last model, which no later round would carry. Collective.
  const RoundRecord& close();

  /// Counts seconds into the last round that went by behind its record.
  void add_checkpoint_seconds(double seconds) noexcept { seconds_.checkpoint += seconds; }

  /// What the next round depends on; chain, scaling and the best model's evaluation are the federation's to add.
  [[nodiscard]] FederationState state() const;

  /// The model after the last round.
  [[nodiscard]] const GlobalModel& last() const noexcept { return last_; }
  /// The best model by the stop rule's metric; the last one where no silo holds rows back.
  [[nodiscard]] const GlobalModel& best() const noexcept { return has_best_ ? best_ : last_; }

 private:
  const Cohort& cohort_of(RoundIndex round);
  const RoundTicket& open(RoundIndex round, bool wants_stop);
  SiloUpdate train_locally(const RoundTicket& ticket, Silo& silo);
  RingPayload encode(ClippedUpdate&& update, const RoundTicket& ticket, Silo& silo);
  NoisedPayload sum_hosted_silos(const RoundTicket& ticket);
  MaskedPayload mask(NoisedPayload&& payload, const RoundTicket& ticket);
  RingTotal sum(MaskedPayload&& payload, const RoundTicket& ticket);
  RoundTotal decode(RingTotal& total, const RoundTicket& ticket);
  bool keep_if_best(std::span<const double> evaluation);
  GlobalModel server_step(const RoundTotal& total, const RoundTicket& ticket);
  void evaluate(const GlobalModel& model);
  void evaluate_hosted();
  void restore(const FederationState& state);
  void judge_anew();
  const RoundRecord& record(const RoundTicket& ticket, const RoundTotal& total, bool parent_is_best);
  void set_last(RoundIndex round);
  void take_seconds();

  SumSession& session_;
  RoundStages stages_;
  Cohort cohort_;                  // a sample
  std::vector<LaneChoice> lanes_;  // one for each lane block; the first changes from round to round
  UpdateBuffer update_;            // one silo's update
  UpdateBuffer sitting_;           // that of a silo that sits the round out: statistics only
  NoisedSum hosted_sum_;           // where this rank hosts several silos
  std::vector<double> totals_;
  std::vector<float> parameters_;
  std::vector<float> best_parameters_;
  std::vector<SiloEvaluation> evaluations_;  // of parameters_, one for each hosted silo; no rows where not evaluated
  GlobalModel last_;
  GlobalModel best_;
  bool has_best_ = false;
  RoundIndex evaluated_{};  // the round of the model that evaluations_ are of
  std::uint64_t bytes_before_ = 0;
  PhaseSeconds seconds_;
  RoundRecord record_;
};

}  // namespace crossilo
