#include "train_rank.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>

#include "crossilo/base/log.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/launch/signals.hpp"
#include "train_report.hpp"

namespace crossilo {
namespace {

constexpr const char* kStartStep = "start-up";

/// The run folder's path, chosen by rank 0 and known to all.
std::string agree_on_run_folder(Communicator& communicator, const Config& config, const RankPlaces& places) {
  if (!places.run_folder.empty()) return places.run_folder;
  std::array<char, 1024> own{};
  if (communicator.rank() == 0) {
    const std::string path = RunFolder::create(places.runs_folder, config.run.name).path();
    if (path.size() >= own.size()) throw StorageError(path + ": this path is too long");
    std::memcpy(own.data(), path.data(), path.size());
  }
  std::vector<std::array<char, 1024>> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)),
             {.seconds = config.run.peer_seconds_max, .step = kStartStep});
  const std::string path = all.front().data();
  std::filesystem::create_directories(path);  // silos need not share a file system
  return path;
}

RankIdentity identity_of(const Config& config, int ranks, int rank) {
  std::string silos;
  for (SiloId silo : hosted_silos(config.run.silos.size(), ranks, rank))
    silos += (silos.empty() ? "" : ", ") + config.run.silos[silo.value];
  return {.rank = rank, .silos = silos, .host = host_name()};
}

ExitCode exit_code_of(const TrainedModel& trained) {
  if (trained.stop != StopReason::signal) return ExitCode::success;
  return stop_signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
}

/// The rank's work between start and end of MPI.
class RankRun {
 public:
  RankRun(const Config& config, const RankPlaces& places)
      : config_(config),
        communicator_(mpi_.duplicate_world()),
        identity_(identity_of(config, communicator_.size(), communicator_.rank())),
        folder_(agree_on_run_folder(communicator_, config, places)),
        status_(folder_, identity_) {
    mark_termination_in(status_.descriptor());
    open_log(
        {.silo = identity_.silos,
         .stderr_level = communicator_.rank() == 0 ? LogLevel::info : LogLevel::error,
         .file = folder_.log_file(
             config.run.silos
                 [hosted_silos(config.run.silos.size(), communicator_.size(), communicator_.rank()).front().value])});
  }

  ~RankRun() { mark_termination_in(-1); }
  RankRun(const RankRun&) = delete;
  RankRun& operator=(const RankRun&) = delete;

  ExitCode train() {
    const TorchSession torch;
    Job job(config_, communicator_.size(), communicator_.rank());
    TrainReport report(config_, job.schema().task, folder_, communicator_.rank() == 0, status_);
    const TrainedModel trained = train_federation(
        communicator_, job.setup(), [] { return stop_wishes() > 0; }, report);
    report.save(job, trained);
    const ExitCode code = exit_code_of(trained);
    status_.write_finished();
    if (communicator_.rank() == 0) (void)folder_.write_outcome({.exit_code = code, .text = "", .silo = ""});
    return code;
  }

  /// Writes the outcome if nobody has, and says it once. `silo` is this rank's.
  void fail(const Error& error) noexcept {
    try {
      status_.write_finished();
      if (folder_.write_outcome({.exit_code = error.exit_code(), .text = error.what(), .silo = identity_.silos}))
        fmt::print(stderr, "crossilo: {}\n", error.what());
    } catch (const std::exception&) {
      fmt::print(stderr, "crossilo: {}\n", error.what());
    }
  }

 private:
  const Config& config_;
  MpiSession mpi_;
  MpiCommunicator communicator_;
  RankIdentity identity_;
  RunFolder folder_;
  RankStatusFile status_;
};

}  // namespace

ExitCode train_as_rank(const Config& config, const RankPlaces& places) {
  install_stop_handlers();
  std::optional<RankRun> run;
  try {
    run.emplace(config, places);
    return run->train();
  } catch (const Error& error) {
    if (run)
      run->fail(error);
    else
      fmt::print(stderr, "crossilo: {}\n", error.what());
    MpiSession::abort(error.exit_code());
  } catch (const std::exception& error) {
    const InternalError internal(fmt::format("internal error: {}; please report this", error.what()));
    if (run) run->fail(internal);
    MpiSession::abort(internal.exit_code());
  }
}

}  // namespace crossilo
