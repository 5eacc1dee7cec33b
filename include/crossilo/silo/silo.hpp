// Aim: what a round needs of one hosted silo.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "crossilo/model/payload.hpp"

namespace crossilo {

/// How often rows of each class got a probability of the positive class in each of 32 equal bins of [0, 1]; the
/// last bin holds 1 too. Binary tasks only.
inline constexpr std::size_t kScoreBinsMax = 32;
struct ScoreHistogram {
  std::array<double, kScoreBinsMax> positive{};
  std::array<double, kScoreBinsMax> negative{};
};

/// Sums over a silo's rows for one model. All are sums, not means, so that they add up over silos.
struct EvaluationSums {
  double rows = 0.0;
  double loss = 0.0;      // sum of the rows' losses (nats, or squared error of the scaled target); unweighted
  double correct = 0.0;   // rows whose class was predicted; 0 for regression
  ScoreHistogram scores;  // zero unless binary
};

/// A silo's evaluation of one global model.
struct SiloEvaluation {
  EvaluationSums held_back;  // the part of train/ kept back to choose the best round
  EvaluationSums test;       // test/: only reported
};

/// One silo hosted by this rank: trains on its own rows, evaluates on its own rows, shows neither.
class Silo {
 public:
  virtual ~Silo() = default;
  [[nodiscard]] virtual SiloId id() const noexcept = 0;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  /// Trains from `global` and returns the raw update in `buffer`: parameters = model delta (silo model minus global).
  /// Shapes: global.size() == buffer.parameters.size() == d. The statistics are left as they are.
  [[nodiscard]] SiloUpdate train_locally(const RoundTicket& ticket, std::span<const float> global,
                                         UpdateBuffer& buffer);

  /// Keeps what encoding left of the last update; it is added to the next one, before that is clipped (error feedback).
  /// A round that is not applied ends the run, so it is final at once. Private state: it never leaves the silo but as
  /// part of an update. The first call takes its memory: a silo that is never chosen has none.
  void keep_remainder(std::span<const float> remainder);
  /// Shape: d, or none before the first one.
  [[nodiscard]] std::span<const float> remainder() const noexcept { return remainder_; }

  /// An update without parameters, for sums of statistics alone (scaling, final evaluation).
  [[nodiscard]] SiloUpdate statistics_only(UpdateBuffer& buffer);

  /// `call` is called between the steps of long training and evaluation, so that peers can be told that this silo is at
  /// work.
  void on_step(std::function<void()> call) { on_step_ = std::move(call); }

  /// Evaluates `global` on the silo's own rows. Deterministic on one processor type for one (private root, hash).
  [[nodiscard]] virtual SiloEvaluation evaluate(const GlobalModel& global) = 0;

 protected:
  /// Writes the model delta. Deterministic on one processor type for one (private root, parent model, round).
  virtual void train(const RoundTicket& ticket, std::span<const float> global, std::span<float> model_delta) = 0;
  void step_done() const {
    if (on_step_) on_step_();
  }

 private:
  std::function<void()> on_step_;
  std::vector<float> remainder_;  // empty before the first one
};

}  // namespace crossilo
