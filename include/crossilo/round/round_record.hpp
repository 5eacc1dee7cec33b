// Aim: what one round leaves behind for everything that watches a run, without touching the line.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "crossilo/model/payload.hpp"
#include "crossilo/silo/silo.hpp"

namespace crossilo {

/// Seconds this rank spent in each phase of a round.
struct PhaseSeconds {
  double open = 0.0;    // waiting for the others: they may still train
  double train = 0.0;   // all hosted silos; clip, encode and noise are not in it
  double encode = 0.0;  // clip, encode, noise, adding up hosted silos
  double mask = 0.0;
  double sum = 0.0;
  double decode = 0.0;      // decode, server step, hash of the model
  double evaluate = 0.0;    // of the model after the round
  double checkpoint = 0.0;  // handing the state behind it to who keeps it
};

/// A phase that is compared between ranks.
struct Phase {
  const char* name;
  double PhaseSeconds::*seconds;
};
/// In the order in which they come. Not `open`: who waits longest there is the fastest.
inline constexpr std::array kPhases = {Phase{"train", &PhaseSeconds::train},
                                       Phase{"encode", &PhaseSeconds::encode},
                                       Phase{"mask", &PhaseSeconds::mask},
                                       Phase{"sum", &PhaseSeconds::sum},
                                       Phase{"decode", &PhaseSeconds::decode},
                                       Phase{"evaluate", &PhaseSeconds::evaluate},
                                       Phase{"checkpoint", &PhaseSeconds::checkpoint}};

inline constexpr std::size_t kTrainPhase = 0;
inline constexpr std::size_t kSumPhase = 3;
static_assert(kPhases[kTrainPhase].seconds == &PhaseSeconds::train && kPhases[kSumPhase].seconds == &PhaseSeconds::sum);

/// Who took longest in each phase of a finished round; equal on all ranks.
struct SlowestRanks {
  RoundIndex round{};
  std::array<double, kPhases.size()> seconds_max{};  // in the order of kPhases
  std::array<int, kPhases.size()> rank{};            // the lowest of those that took so long
  double sum_seconds_min = 0.0;                      // of the rank that came last, and so waited for nobody
};

/// One round, as every rank knows it. All but `own_abstentions`, `seconds` and `bytes_sent` is equal on all ranks.
struct RoundRecord {
  RoundTicket ticket;
  double contributed_share = 0.0;
  std::uint64_t abstentions = 0;
  std::vector<SiloId> own_abstentions;  // silos of this rank among them
  std::uint64_t clamped_parameters = 0;
  std::string mask;                  // "pairwise" or "none"
  std::string noise;                 // "none"
  Hash256 model{};                   // after the round
  SiloEvaluation parent_evaluation;  // summed over silos, of the model the round started from
  bool parent_is_best = false;       // its mean held-back loss is the lowest so far
  PhaseSeconds seconds;
  SlowestRanks slowest;          // of the round before; of the last one in the closing record
  std::uint64_t bytes_sent = 0;  // by this rank, in this round's sum
};

/// Watches rounds. Must not change anything and must not throw for reasons of display.
class RoundObserver {
 public:
  virtual ~RoundObserver() = default;
  virtual void on_round(const RoundRecord& record) = 0;
};

}  // namespace crossilo
