// Measures one whole round without training: 8 silos of random, differing deltas, masked, summed, applied.
// Run: mpirun -np 8 round_bench [parameters …]. One JSON line a case; seconds are the maximum over ranks, so are the
// quantiles of it; CPU seconds and peak memory are sums over ranks. The physical bound beside it is what memory alone
// allows: the bytes that must be read or written at least once, at the speed of memcpy on all ranks at once.
#include <fmt/format.h>
#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/round/round.hpp"

namespace {

using namespace crossilo;

/// A silo whose delta is random and different in every round; making it is not part of the measured phases.
class RandomSilo final : public Silo {
 public:
  explicit RandomSilo(SiloId id) : id_(id), state_(0x9e3779b97f4a7c15u * (id.value + 1)) {}
  [[nodiscard]] SiloId id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] SiloEvaluation evaluate(std::span<const float>) override { return {}; }

 protected:
  void train(const RoundTicket&, std::span<const float>, std::span<float> model_delta) override {
    for (float& value : model_delta) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<float>(static_cast<std::int64_t>(state_) >> 40) * 0x1p-25f;
    }
  }

 private:
  SiloId id_;
  std::string name_ = "random";
  std::uint64_t state_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double over_ranks(double value, MPI_Op op) {
  double result = 0.0;
  MPI_Allreduce(&value, &result, 1, MPI_DOUBLE, op, MPI_COMM_WORLD);
  return result;
}

/// Seconds to copy `bytes` on every rank at once.
double memcpy_seconds(std::size_t bytes) {
  std::vector<char> from(bytes, 1), to(bytes, 2);
  double best = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    std::memcpy(to.data(), from.data(), bytes);
    MPI_Barrier(MPI_COMM_WORLD);
    best = std::min(best, MPI_Wtime() - start);
  }
  return over_ranks(best, MPI_MAX);
}

Round make_round(SumSession& session, RandomSilo& silo, std::size_t parameters) {
  const std::vector<float> initial(parameters, 0.0f);
  RingCodec::Options codec{.layout = round_layout(parameters, 32), .root = public_root(1)};
  return Round(session,
               {.silos = {&silo},
                .clip = Clip(0.0),
                .codec = RingCodec(std::move(codec)),
                .noise = std::make_unique<NoNoise>(),
                .server_optimizer = std::make_unique<FedAvg>(1.0)},
               initial);
}

void measure(Communicator& communicator, std::size_t parameters, int repeats) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const SiloId own{static_cast<std::uint32_t>(communicator.rank())};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ranks; ++i) names.push_back("silo" + std::to_string(i));
  const X25519 key;
  Roster roster = exchange_hello(communicator, {.silo_names = names, .hosted = {{.id = own, .weight = 100}}}, key, {});
  std::unique_ptr<Mask> mask = std::make_unique<NoMask>();
  if (ranks > 1)
    mask =
        std::make_unique<PairwiseMask>(own, agree_pair_keys(key, own, roster.identities, roster.epoch), roster.epoch);
  SumSession session(communicator, std::move(roster), std::move(mask), {});
  RandomSilo silo(own);
  Round round = make_round(session, silo, parameters);
  std::vector<double> seconds;
  PhaseSeconds phases;
  double cpu = 0.0;
  for (int repeat = 0; repeat <= repeats; ++repeat) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double cpu_before = cpu_seconds();
    const RoundRecord record = round.run(RoundIndex{static_cast<std::uint32_t>(repeat + 1)}, false);
    if (repeat == 0) continue;  // warms up
    seconds.push_back(over_ranks(record.seconds.total() - record.seconds.train - record.seconds.open, MPI_MAX));
    cpu += over_ranks(cpu_seconds() - cpu_before - record.seconds.train, MPI_SUM);
    phases = record.seconds;
  }
  std::sort(seconds.begin(), seconds.end());
  const double encode = over_ranks(phases.encode, MPI_MAX), masking = over_ranks(phases.mask, MPI_MAX);
  const double sum = over_ranks(phases.sum, MPI_MAX), decode = over_ranks(phases.decode, MPI_MAX);
  const double peak = over_ranks(peak_megabytes(), MPI_SUM);
  const double bound = memcpy_seconds(4 * parameters) * 3.0;  // delta → words, words → sum, sum → model
  if (communicator.rank() != 0) return;
  fmt::print(
      "{{\"bench\":\"round\",\"case\":\"{} M parameters\",\"silos\":{},\"parameters\":{},\"repeats\":{},"
      "\"seconds_min\":{:.4f},\"seconds_median\":{:.4f},\"seconds_p90\":{:.4f},\"encode_seconds\":{:.4f},"
      "\"mask_seconds\":{:.4f},\"sum_seconds\":{:.4f},\"decode_seconds\":{:.4f},\"cpu_seconds\":{:.3f},"
      "\"peak_megabytes\":{:.0f},\"bound_seconds\":{:.4f},\"fraction_of_bound\":{:.3f}}}\n",
      static_cast<double>(parameters) / 1e6, ranks, parameters, repeats, seconds.front(), seconds[seconds.size() / 2],
      seconds[seconds.size() * 9 / 10], encode, masking, sum, decode, cpu / repeats, peak, bound,
      bound / seconds[seconds.size() / 2]);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  MpiSession session;
  MpiCommunicator communicator(session.duplicate_world());
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1'000'000, 25'000'000};
  for (const std::size_t parameters : sizes) measure(communicator, parameters, parameters > 5'000'000 ? 5 : 15);
}
