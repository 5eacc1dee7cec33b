// Measures what a run's own bookkeeping costs: rounds without training, ten with all files of a run folder and a
// checkpoint behind them against ten without, in turn; and the checkpoint beside the raw write of the same bytes.
// Run: mpirun -np 8 kept_rounds_bench FOLDER [parameters …]. Two JSON lines a case; seconds are of the slowest rank.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "../../src/cli/checkpoint_keeper.hpp"
#include "crossilo/io/checkpoint.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/round_files.hpp"
#include "random_federation.hpp"

namespace {

using namespace crossilo;
using namespace crossilo::bench;

constexpr std::uint32_t kRounds = 10;  // between two checkpoints
constexpr int kTurns = 5;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Seconds for write and fsync of bytes that lie in memory already.
double raw_write_seconds(const std::string& path, std::span<const std::byte> bytes) {
  const double begun = MPI_Wtime();
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t some = ::write(file, bytes.data() + written, bytes.size() - written);
    if (some <= 0) return -1.0;
    written += static_cast<std::size_t>(some);
  }
  const bool is_safe = ::fsync(file) == 0;
  ::close(file);
  std::filesystem::remove(path);
  return is_safe ? MPI_Wtime() - begun : -1.0;
}

/// What a first rank writes (cli/train_report).
class Books {
 public:
  explicit Books(const std::string& folder)
      : folder_(RunFolder::create(folder, "bench")),
        files_(folder_, {.rounds = 100, .resumed = {}, .rank_silos = std::vector<std::string>(8, "silo")}),
        keeper_(CheckpointFolder(folder_.file("checkpoints"), RoundIndex{}), {}, RoundIndex{}) {}
  static void tell(const std::string& text) { fmt::print(stderr, "{}\n", text); }
  void add(const RoundRecord& record) {
    files_.append(json_line({{"round", std::int64_t{record.ticket.round.value}},
                             {"held_back_loss", 0.5},
                             {"train_seconds", record.seconds.train},
                             {"sum_seconds", record.seconds.sum},
                             {"bytes_sent", static_cast<std::int64_t>(record.bytes_sent)}}),
                  record.slowest);
  }
  void keep(const FederationState& state) { keeper_.keep(state, "", tell); }
  void finish() { keeper_.finish(tell); }
  /// The steps of a checkpoint by itself, and the raw write of the same bytes; which comes first changes in turn.
  void measure(const FederationState& state, bool is_raw_first) {
    keeper_.finish(tell);
    const double begun = MPI_Wtime();
    const std::vector<std::byte> sealed = seal_checkpoint(state, {}, "");
    seal_seconds.push_back(MPI_Wtime() - begun);
    bytes = sealed.size();
    if (is_raw_first) raw_seconds.push_back(raw_write_seconds(folder_.file("raw"), sealed));
    const double writes = MPI_Wtime();
    CheckpointFolder(folder_.file("checkpoints"), RoundIndex{1'000'000}).keep(state.round, sealed);
    write_seconds.push_back(MPI_Wtime() - writes);
    if (!is_raw_first) raw_seconds.push_back(raw_write_seconds(folder_.file("raw"), sealed));
  }
  std::vector<double> seal_seconds, write_seconds, raw_seconds;
  std::size_t bytes = 0;

 private:
  RunFolder folder_;
  RoundFiles files_;
  CheckpointKeeper keeper_;
};

FederationState state_of(const Round& round) {
  static const FederatedRows rows;  // the federation's to add
  FederationState state = round.state();
  state.rows = &rows;
  return state;
}

/// Seconds a round of ten, and page faults of all ranks in them; `books` keeps them where there are any. With books,
/// the checkpoint of the ten before is still being written meanwhile, as in a run.
std::pair<double, double> run_ten(Round& round, Books* books, bool is_kept) {
  check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  const double begun = MPI_Wtime();
  const long faults = page_faults();
  for (std::uint32_t i = 0; i < kRounds; ++i) {
    const RoundRecord& record = round.run(RoundIndex{round.last().round.value + 1}, false);
    if (is_kept && books != nullptr) books->add(record);
  }
  if (is_kept && books != nullptr) books->keep(state_of(round));
  check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  const double seconds = over_ranks(MPI_Wtime() - begun, MPI_MAX);
  return {seconds / kRounds, over_ranks(static_cast<double>(page_faults() - faults), MPI_SUM) / kRounds};
}

void measure(Communicator& communicator, const std::string& folder, std::size_t parameters) {
  const SiloId own{static_cast<std::uint32_t>(communicator.rank())};
  SumSession session = make_session(communicator, own);
  RandomSilo silo(own);
  Round round = make_round(session, silo, parameters);
  std::unique_ptr<Books> books;
  if (communicator.rank() == 0) books = std::make_unique<Books>(folder);
  std::vector<double> without, with, faults, faults_with;
  (void)run_ten(round, books.get(), true);  // warms up
  for (int turn = 0; turn < kTurns; ++turn) {
    if (books) books->finish();
    const auto [plain_seconds, plain_faults] = run_ten(round, books.get(), false);
    if (books) books->keep(state_of(round));  // as if ten kept rounds had gone before
    const auto [kept_seconds, kept_faults] = run_ten(round, books.get(), true);
    without.push_back(plain_seconds);
    faults.push_back(plain_faults);
    with.push_back(kept_seconds);
    faults_with.push_back(kept_faults);
  }
  for (int turn = 0; turn < 2 * kTurns && books; ++turn) books->measure(state_of(round), turn % 2 == 0);
  check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  if (books == nullptr) return;
  const std::string name = fmt::format("{} M parameters", static_cast<double>(parameters) / 1e6);
  const nlohmann::ordered_json rounds = {{"bench", "kept_rounds"},
                                         {"case", name},
                                         {"silos", communicator.size()},
                                         {"seconds_median", median(with)},
                                         {"baseline", "the same rounds without files and checkpoint"},
                                         {"baseline_seconds", median(without)},
                                         {"ratio", median(with) / median(without)},
                                         {"page_faults_a_round", median(faults)},
                                         {"page_faults_with", median(faults_with)}};
  const nlohmann::ordered_json checkpoint = {{"bench", "checkpoint"},
                                             {"case", name},
                                             {"megabytes", static_cast<double>(books->bytes) / 1e6},
                                             {"seal_seconds", median(books->seal_seconds)},
                                             {"seconds_median", median(books->write_seconds)},
                                             {"baseline", "write and fsync of the same bytes"},
                                             {"baseline_seconds", median(books->raw_seconds)},
                                             {"ratio", median(books->write_seconds) / median(books->raw_seconds)}};
  fmt::print("{}\n{}\n", rounds.dump(), checkpoint.dump());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: mpirun -np 8 kept_rounds_bench FOLDER [parameters …]\n");
    return 2;
  }
  MpiSession session;
  MpiCommunicator communicator(session.duplicate_world());
  std::vector<std::size_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1'000'000, 25'000'000};
  for (const std::size_t parameters : sizes) measure(communicator, argv[1], parameters);
}
