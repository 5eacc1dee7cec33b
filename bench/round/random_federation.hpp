// A federation of silos with random deltas, for benches of rounds.
#pragma once

#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/round/round.hpp"

namespace crossilo::bench {

inline constexpr std::size_t kCheckedParameters = 1000;

/// Of this process, user and system.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A silo whose delta is random and different in every round; making it is not part of the measured phases.
class RandomSilo final : public Silo {
 public:
  explicit RandomSilo(SiloId id) : id_(id), state_(0x9e3779b97f4a7c15u * (id.value + 1)) {}
  [[nodiscard]] SiloId id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] SiloEvaluation evaluate(const GlobalModel&) override { return {}; }
  [[nodiscard]] const std::vector<float>& first() const noexcept { return first_; }
  [[nodiscard]] double cpu_seconds_of_training() const noexcept { return cpu_seconds_; }

 protected:
  void train(const RoundTicket&, std::span<const float>, std::span<float> model_delta) override {
    const double before = cpu_seconds();
    for (float& value : model_delta) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<float>(static_cast<std::int64_t>(state_) >> 40) * 0x1p-25f;
    }
    first_.assign(model_delta.begin(), model_delta.begin() + std::min(model_delta.size(), kCheckedParameters));
    cpu_seconds_ += cpu_seconds() - before;
  }

 private:
  SiloId id_;
  std::string name_ = "random";
  std::uint64_t state_;
  double cpu_seconds_ = 0.0;
  std::vector<float> first_;
};

inline double over_ranks(double value, MPI_Op op) {
  double result = 0.0;
  check_mpi(MPI_Allreduce(&value, &result, 1, MPI_DOUBLE, op, MPI_COMM_WORLD), "MPI_Allreduce");
  return result;
}

inline Round make_round(SumSession& session, RandomSilo& silo, std::size_t parameters) {
  const std::vector<float> initial(parameters, 0.0f);
  RingCodec::Options codec{.layout = round_layout({.weights = parameters}), .root = public_root(1)};
  return Round(session,
               {.silos = {&silo},
                .clip = Clip(0.0),
                .codec = RingCodec(std::move(codec)),
                .noise = std::make_unique<NoNoise>(),
                .server_optimizer = std::make_unique<FedAvg>(1.0),
                .parameters = {.weights = parameters}},
               initial);
}

inline SumSession make_session(Communicator& communicator, SiloId own) {
  std::vector<std::string> names;
  for (int i = 0; i < communicator.size(); ++i) names.push_back("silo" + std::to_string(i));
  const X25519 key;
  Roster roster = exchange_hello(communicator, {.silo_names = names, .hosted = {{.id = own, .weight = 100}}}, key, {});
  std::unique_ptr<Mask> mask = std::make_unique<NoMask>();
  if (communicator.size() > 1)
    mask =
        std::make_unique<PairwiseMask>(own, agree_pair_keys(key, own, roster.identities, roster.epoch), roster.epoch);
  return SumSession(communicator, std::move(roster), std::move(mask), {});
}

}  // namespace crossilo::bench
