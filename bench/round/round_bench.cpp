// Measures one whole round without training: 8 silos of random, differing deltas, masked, summed, applied.
// Run: mpirun -np 8 round_bench [parameters …]. One JSON line a case; seconds are the maximum over ranks, so are the
// quantiles of it; CPU seconds and peak memory are sums over ranks. The physical bound beside it is what memory alone
// allows: the passes over memory that docs/scaling.md counts, at the speed of memcpy on all ranks at once.
#include <fmt/format.h>
#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "random_federation.hpp"

namespace {

using namespace crossilo;
using namespace crossilo::bench;

// Bytes of a parameter that are read or written in memory: its delta is read by clip and by encode, its value is read
// and written by server_step, and read by the fingerprint. memcpy moves 8.
constexpr double kBytesInMemory = 20.0;

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

/// Parameters, of the first thousand, that are not what the mean of all silos' deltas makes of them.
std::size_t wrong_values(const std::vector<float>& before, std::span<const float> after, const RandomSilo& silo,
                         std::size_t silos) {
  std::vector<double> mean(before.size());
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = silo.first()[i] / static_cast<double>(silos);
  check_mpi(
      MPI_Allreduce(MPI_IN_PLACE, mean.data(), static_cast<int>(mean.size()), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD),
      "MPI_Allreduce");
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < mean.size(); ++i)
    wrong += std::abs(static_cast<double>(after[i]) - before[i] - mean[i]) > 1e-5 ? 1 : 0;
  return wrong;
}

/// Seconds for MPI_Allreduce of as many plain floats: what the round would take at least without any privacy.
double plain_sum_seconds(std::size_t parameters) {
  std::vector<float> from(parameters, 1.0f), to(parameters, 2.0f);
  std::vector<double> seconds;
  for (int repeat = 0; repeat < 4; ++repeat) {
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    const double start = MPI_Wtime();
    check_mpi(MPI_Allreduce(from.data(), to.data(), static_cast<int>(parameters), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD),
              "MPI_Allreduce");
    if (repeat > 0) seconds.push_back(over_ranks(MPI_Wtime() - start, MPI_MAX));
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// Seconds to copy `bytes` on every rank at once.
double memcpy_seconds(std::size_t bytes) {
  std::vector<char> from(bytes, 1), to(bytes, 2);
  double best = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    const double start = MPI_Wtime();
    std::memcpy(to.data(), from.data(), bytes);
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    best = std::min(best, MPI_Wtime() - start);
  }
  return over_ranks(best, MPI_MAX);
}

/// Medians over the repeats, each the maximum over ranks.
struct Medians {
  std::vector<double> round, encode, mask, sum, decode;
  void add(const PhaseSeconds& seconds) {
    round.push_back(over_ranks(seconds.encode + seconds.mask + seconds.sum + seconds.decode, MPI_MAX));
    encode.push_back(over_ranks(seconds.encode, MPI_MAX));
    mask.push_back(over_ranks(seconds.mask, MPI_MAX));
    sum.push_back(over_ranks(seconds.sum, MPI_MAX));
    decode.push_back(over_ranks(seconds.decode, MPI_MAX));
  }
  static double quantile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
  }
};

void measure(Communicator& communicator, std::size_t parameters, int repeats) {
  const SiloId own{static_cast<std::uint32_t>(communicator.rank())};
  SumSession session = make_session(communicator, own);
  RandomSilo silo(own);
  Round round = make_round(session, silo, parameters);
  Medians medians;
  double cpu = 0.0;
  std::size_t wrong = 0;
  for (int repeat = 0; repeat <= repeats; ++repeat) {
    const std::span<const float> model = round.last().parameters;
    const std::vector<float> before(model.begin(), model.begin() + std::min(parameters, kCheckedParameters));
    check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
    const double cpu_before = cpu_seconds() - silo.cpu_seconds_of_training();
    const RoundRecord& record = round.run(RoundIndex{static_cast<std::uint32_t>(repeat + 1)}, false);
    const double cpu_now = over_ranks(cpu_seconds() - silo.cpu_seconds_of_training() - cpu_before, MPI_SUM);
    wrong += wrong_values(before, round.last().parameters, silo, static_cast<std::size_t>(communicator.size()));
    if (repeat == 0) continue;  // warms up
    medians.add(record.seconds);
    cpu += cpu_now / repeats;
  }
  const double peak = over_ranks(peak_megabytes(), MPI_SUM);
  const double plain = plain_sum_seconds(parameters);
  const double bound = kBytesInMemory / 8.0 * memcpy_seconds(4 * parameters);
  if (communicator.rank() != 0) return;
  const double median = Medians::quantile(medians.round, 0.5);
  const nlohmann::ordered_json line = {
      {"bench", "round"},
      {"x", "silos"},
      {"case", parameters == 1 ? "null" : fmt::format("{} M parameters", static_cast<double>(parameters) / 1e6)},
      {"silos", communicator.size()},
      {"repeats", repeats},
      {"seconds_min", Medians::quantile(medians.round, 0.0)},
      {"seconds_median", median},
      {"seconds_p90", Medians::quantile(medians.round, 0.9)},
      {"encode_seconds", Medians::quantile(medians.encode, 0.5)},
      {"mask_seconds", Medians::quantile(medians.mask, 0.5)},
      {"sum_seconds", Medians::quantile(medians.sum, 0.5)},
      {"decode_seconds", Medians::quantile(medians.decode, 0.5)},
      {"cpu_seconds", cpu},
      {"peak_megabytes", peak},
      {"baseline", "MPI_Allreduce of plain floats"},
      {"baseline_seconds", plain},
      {"bound", "memory traffic"},
      {"bound_seconds", bound},
      {"fraction_of_bound", bound / median},
      {"wrong_values", wrong}};
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  MpiSession session;
  MpiCommunicator communicator(session.duplicate_world());
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1, 1'000'000, 25'000'000};
  for (const std::size_t parameters : sizes) measure(communicator, parameters, parameters > 5'000'000 ? 5 : 15);
}
