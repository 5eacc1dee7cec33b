#include "train_rank.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/run_folder.hpp"
#include "crossilo/launch/gpu_guard.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/launch/mpi_tuning.hpp"
#include "crossilo/launch/peer_watch.hpp"
#include "crossilo/launch/signals.hpp"
#include "crossilo/launch/supervisor.hpp"
#include "crossilo/round/settings_of_ranks.hpp"
#include "crossilo/version.hpp"
#include "doctor_checks.hpp"
#include "missing_silos.hpp"
#include "private_state.hpp"
#include "rank_start.hpp"
#include "run_place.hpp"
#include "site_rule.hpp"
#include "train_report.hpp"
#include "wait_alive.hpp"

namespace crossilo {
namespace {

constexpr const char* kStartStep = "start-up";

/// Asked once a round: whether this rank wants to stop. With --max_hours it does while one more round of the longest
/// kind would still end in time.
class StopWish {
 public:
  explicit StopWish(double max_hours)
      : begun_seconds_(steady_clock().now_seconds()),
        seconds_max_(max_hours > 0.0 ? 3600.0 * max_hours : std::numeric_limits<double>::infinity()) {}
  bool operator()() {
    const double elapsed = steady_clock().now_seconds() - begun_seconds_;
    if (last_ > 0.0) longest_ = std::max(longest_, elapsed - last_);  // before the first round lies the start-up
    last_ = elapsed;
    return stop_wishes() > 0 || elapsed + longest_ > seconds_max_;
  }

 private:
  double begun_seconds_;
  double seconds_max_;
  double last_ = 0.0;
  double longest_ = 0.0;
};

ExitCode exit_code_of(const TrainedModel& trained) {
  return trained.stop == StopReason::signal ? ExitCode::requeue : ExitCode::success;
}

/// One rank's life. Only run() may throw; whatever it throws, fail() can tell.
class RankRun {
 public:
  RankRun(const Config& config, const RankPlaces& places) noexcept : config_(config), places_(places) {}
  ~RankRun() { mark_termination_in(-1); }
  RankRun(const RankRun&) = delete;
  RankRun& operator=(const RankRun&) = delete;

  ExitCode run() {
    start();
    const TorchSession torch({.threads = static_cast<int>(config_.run.threads)});
    if (gpu_) use_cuda_device(*gpu_);
    const std::string device = gpu_ ? use_torch_on_gpu(*gpu_) : "";
    StopWish wants_stop(places_.max_hours);
    Job job(config_, hosting_.silos_of_rank.at(static_cast<std::size_t>(identity_.rank)), device,
            [&](const auto& work) {
              do_alive(
                  work, [&] { communicator_->show_life(config_.run.peer_seconds_max); }, life_seconds_max(config_.run));
            });
    FederationSetup setup = job.setup();
    setup.facts.topology = topology_;
    setup.facts.missing = places_.missing;
    setup.session.ring_sum.has_device = gpu_.has_value() && sums_on_gpus_;
    const CheckpointKeys keys{.settings = resume_hash(config_),
                              .schema = schema_hash(job.schema()),
                              .model_schema = setup.facts.model_schema_hash};
    const auto resumed = newest_checkpoint(*communicator_, *folder_, keys, config_.run.peer_seconds_max);
    const RoundIndex from = resumed ? resumed->state().round : RoundIndex{};
    TrainReport report(config_, job.schema().task, *folder_, is_first(), *status_, rank_silos());
    report.say_devices(device_text(topology_));
    if (places_.is_quiet) report.be_quiet();
    if (places_.prints_json) report.print_json();
    if (resumed) {
      setup.resumed = &resumed->state();
      report.go_on_from(*resumed);
      if (feeds_errors_back(config_.privacy.lane_bits))
        take_up_private_state(config_, *folder_, setup.silos, from, resumed->state().chain);
    }
    report.keep_private_state_of(setup.silos);
    if (lock_->is_held()) {
      note_start(*folder_, config_, keys, start_of_run(from));
      report.keep_checkpoints(CheckpointFolder(folder_->file("checkpoints"), from), keys, from);
    }
    if (is_first()) note_for_job(fmt::format("from_round {}", from.value));
    const TrainedModel trained = train_federation(
        *communicator_, std::move(setup), [&] { return wants_stop(); }, report);
    report.save(job, trained);
    leave();
    report.close(job, trained);
    const ExitCode code = exit_code_of(trained);
    log_info("finished");
    status_->write_finished();
    if (is_first()) {
      (void)folder_->write_outcome({.exit_code = code, .text = "", .silo = ""});
      report.summarise(trained);
      report.leave_page();  // it tells the outcome
    }
    // A launcher ends the others at the first code that is not 0 (srun -K): none may while the first rank still saves.
    return is_first() ? code : ExitCode::success;
  }

  /// Ends MPI in good order where all ranks refuse alike, so that mpirun has no abort to tell of. True where it did.
  bool leave_alike(const Error& error) {
    if (!refuses_alike_ || dynamic_cast<const PeerLostError*>(&error) != nullptr) return false;
    const EndDeadline deadline(config_.run.peer_seconds_max);
    communicator_.reset();
    session_.reset();
    return true;
  }

  /// Writes the error to the log, and the outcome if nobody has; says it once. Whose failure it was is the silo that
  /// did not answer, otherwise this one; where training diverged it was nobody's.
  void fail(const Error& error) noexcept {
    const auto* const lost = dynamic_cast<const PeerLostError*>(&error);
    const bool is_of_all = dynamic_cast<const DivergedError*>(&error) != nullptr;
    try {
      const std::string text = error.what() + (lost != nullptr ? advice_after_loss(*lost) : "");
      if (log_is_open_) log_error(text);
      if (status_) status_->write_finished();
      // Started by hand, it may be the folder of another job that is at work in it.
      if (!folder_ && is_supervised()) folder_.emplace(places_.run_folder);
      if (!folder_) note_for_job(fmt::format("exit_code {}", static_cast<int>(error.exit_code())));
      const std::string silo = lost != nullptr ? silos_of(lost->lost_rank()) : is_of_all ? "" : identity_.silos;
      // Where MPI joined nobody, each is the first rank of a world of its own.
      const bool another_tells = !is_first() || (ranks_ == 1 && launched_rank() > 0);
      // Its start may have lost this rank long ago, and the next one be at work in the folder.
      if (status_ && !status_->is_in_folder()) return;
      if (refuses_alike_ && lost == nullptr && another_tells) return;
      const bool is_mine =
          !folder_ || folder_->write_outcome({.exit_code = error.exit_code(), .text = text, .silo = silo});
      if (is_mine && (!folder_ || !is_supervised())) show_text(stderr, fmt::format("crossilo: {}\n", text));
    } catch (const std::exception& failure) {
      show_text(stderr, "crossilo: ");
      show_text(stderr, error.what());
      show_text(stderr, "\ncrossilo: and this could not be written down: ");
      show_text(stderr, failure.what());
      show_text(stderr, "\n");
    }
  }

 private:
  void start() {
    refuses_alike_ = true;
    if (const std::string fault = launcher_fault(places_.command); !fault.empty()) throw EnvironmentError(fault);
    refuses_alike_ = false;
    tuning_ = tune_mpi();
    {
      const EndDeadline deadline = join_deadline(config_);
      session_.emplace();
      communicator_.emplace(session_->duplicate_world());
    }
    ranks_ = communicator_->size();
    identity_ = {.rank = communicator_->rank(), .silos = "", .host = host_name()};
    agree();
    identity_.silos = hosting_.names(config_.run.silos, identity_.rank);
    identity_.site = site_of(identity_.rank);
    RunPlace place = agree_on_run_place(*communicator_, config_, places_);
    lock_.emplace(std::move(place.lock));
    folder_.emplace(std::move(place.folder));
    status_.emplace(*folder_, identity_);
    mark_termination_in(status_->descriptor());
    status_->write_running();
    const SiloId first_silo = hosting_.silos_of_rank.at(static_cast<std::size_t>(identity_.rank)).front();
    open_log({.silo = identity_.silos,
              .stderr_level = is_first() ? places_.stderr_level : LogLevel::none,
              .file = folder_->log_file(config_.run.silos[first_silo.value])});
    log_is_open_ = true;
    tell_start();
    check_crowd();
  }

  /// What all ranks find alike, so that all refuse alike. Settings come first: with wrong ones every other check would
  /// advise the wrong thing.
  void agree() {
    const Deadline deadline{.seconds = config_.run.peer_seconds_max, .step = kStartStep};
    refuses_alike_ = true;
    const SiteRule rule = site_rule(config_);
    communicator_->name_peers(
        gather_texts(*communicator_, presumed_name(config_, places_, rule, identity_, ranks_), deadline));
    NamedTexts settings = shared_settings(config_);
    settings.push_back(contents_of_sites_file(rule));
    settings.emplace_back("--simulate", places_.simulates ? "on" : "off");
    settings.emplace_back("--without_silos", names_of(config_.run, places_.missing));
    settings.emplace_back("the version of crossilo", kVersion);
    require_same_settings(*communicator_, settings, deadline);
    check_simulation(config_, places_);
    check_launch(config_, ranks_, places_);
    hosting_ = agree_on_hosting(*communicator_, config_.run.silos, config_.run.silo, deadline, places_.missing);
    const GpuOffer offer = own_gpu_offer(config_.run.device);
    no_gpu_because_ = offer.devices.none_because;
    GpuChoice choice = agree_on_gpu(*communicator_, offer, deadline);
    gpu_ = choice.gpu;
    gpu_warning_ = std::move(choice.warning);
    topology_ = agree_on_topology(*communicator_, hosting_, config_.run.silos,
                                  own_site(rule, names_of_rank(identity_.rank), gpu_ ? 1 : 0), deadline);
    sums_on_gpus_ = sums_on_gpus(topology_, config_.topology.sum_on);
    if (topology_.sites() > 1)
      buffers_warning_ = agree_on_buffers(*communicator_, tuning_.small_buffers, hosting_.host_of_rank, deadline);
    refuses_alike_ = false;
    watch_peers(deadline);
  }

  /// From now on a rank on this machine that dies is known before a deadline has passed.
  void watch_peers(const Deadline& deadline) {
    const ProcessPlace own = own_process_place();
    std::vector<ProcessPlace> places(static_cast<std::size_t>(ranks_));
    all_gather(*communicator_, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(places)), deadline);
    communicator_->watch_peers([watch = PeerWatch(places, identity_.rank)]() mutable { return watch.ended_peer(); });
  }

  /// Empty where there is only one.
  [[nodiscard]] std::string site_of(int rank) const { return topology_.sites() > 1 ? topology_.place(rank).site : ""; }

  [[nodiscard]] std::vector<std::string> names_of_rank(int rank) const {
    std::vector<std::string> names;
    for (const SiloId silo : hosting_.silos_of_rank.at(static_cast<std::size_t>(rank)))
      names.push_back(config_.run.silos[silo.value]);
    return names;
  }

  /// "va" of each rank, and in a simulation "a, b, c and 97 more".
  [[nodiscard]] std::vector<std::string> rank_silos() const {
    constexpr std::size_t kNamedMax = 3;
    std::vector<std::string> texts;
    for (int rank = 0; rank < ranks_; ++rank) {
      const std::vector<std::string> names = names_of_rank(rank);
      texts.push_back(fmt::format("{}", fmt::join(std::span(names).first(std::min(names.size(), kNamedMax)), ", ")));
      if (names.size() > kNamedMax) texts.back() += fmt::format(" and {} more", names.size() - kNamedMax);
    }
    return texts;
  }

  /// What the manifest says of this start.
  [[nodiscard]] ManifestStart start_of_run(RoundIndex from) const {
    ManifestStart start{.from_round = from, .version = kVersion, .command = places_.command};
    for (const SiloId silo : places_.missing) start.missing.push_back(config_.run.silos[silo.value]);
    for (int rank = 0; rank < ranks_; ++rank)
      start.ranks.push_back(
          {.rank = rank, .host = topology_.place(rank).host, .silos = names_of_rank(rank), .site = site_of(rank)});
    return start;
  }

  void tell_start() {
    log_info(fmt::format("started as rank {} of {} on host {}", identity_.rank, ranks_, identity_.host));
    const std::vector<std::string> entries = mapping(config_, hosting_);
    log_info(fmt::format("{}", fmt::join(entries, "; ")));
    std::vector<std::string> tree = topology_lines(topology_, rank_silos());
    for (const std::string& line : tree) log_info(line);
    if (topology_.nodes() == 1 && !hosting_.is_in_order()) tree.insert(tree.end(), entries.begin(), entries.end());
    log_machine();
    log_info(gpu_ ? fmt::format("computes on GPU {}", *gpu_)
                  : fmt::format("computes on the CPU: run.device = {}{}", config_.run.device,
                                no_gpu_because_.empty() ? "" : "; no GPU: " + no_gpu_because_));
    for (const auto& [parameter, value] : tuning_.settings)
      log_debug(fmt::format("for MPI: {} = {}", parameter, value));
    if (is_first() && !places_.is_quiet) show_text(stdout, fmt::format("  {}\n", fmt::join(tree, "\n  ")));
    warn(unread_site_variable(config_));
    warn(gpu_warning_);
    warn(buffers_warning_);
  }

  void warn(const std::string& text) const {
    if (text.empty()) return;
    log_warning(text);
    if (is_first()) show_warning(text);
  }

  /// Under --np this was looked at before anything was started.
  void check_crowd() {
    const std::string text = crowd_warning(config_, hosting_, identity_.rank);
    if (text.empty()) return;
    log_warning(text);
    if (is_first() && places_.run_folder.empty()) show_warning(text);
  }

  /// Ends MPI once every rank has saved what it had to. From here on nobody waits for this rank.
  void leave() {
    const std::byte saved{1};
    std::vector<std::byte> all(static_cast<std::size_t>(ranks_));
    all_gather(*communicator_, std::span(&saved, 1), all,
               {.seconds = config_.run.peer_seconds_max, .step = "farewell"});
    if (!is_first()) status_->write_finished();
    const EndDeadline deadline(config_.run.peer_seconds_max);
    communicator_.reset();
    session_.reset();
  }

  /// Empty where nobody knows which rank.
  [[nodiscard]] std::string silos_of(int rank) const {
    if (rank < 0) return "";
    if (!hosting_.silos_of_rank.empty()) return hosting_.names(config_.run.silos, rank);
    return config_.run.silo.empty() ? silo_by_order(config_, places_, rank, ranks_) : "";
  }
  [[nodiscard]] bool is_first() const noexcept { return identity_.rank == 0; }
  [[nodiscard]] bool is_supervised() const noexcept {
    return std::getenv(kSupervisedVariable) != nullptr && !places_.run_folder.empty();
  }

  [[nodiscard]] std::string advice_after_loss(const PeerLostError& lost) const {
    const std::uint32_t begun = status_ ? status_->round().value : 0;
    const bool is_gone = std::string_view(lost.what()).find("its process is gone") != std::string_view::npos;
    return fmt::format("; {}. The same command goes on from the last checkpoint. {}",
                       begun < 2 ? "no round was finished" : fmt::format("the last finished round is {}", begun - 1),
                       is_gone ? "Was there enough memory (dmesg)?"
                       : lost.lost_rank() < 0
                           ? "If it repeats, look at the network, and please report it"
                           : "If its disk was merely slow (ten times run.peer_seconds_max), raise that");
  }

  const Config& config_;
  const RankPlaces& places_;
  int ranks_ = 1;
  RankIdentity identity_;
  Hosting hosting_;
  Topology topology_;
  std::optional<int> gpu_;      // by CUDA's number
  std::string no_gpu_because_;  // empty where run.device does not ask for one
  std::string gpu_warning_;
  std::string buffers_warning_;
  bool sums_on_gpus_ = false;
  bool refuses_alike_ = false;  // what is thrown now, but for a lost peer, all ranks throw
  bool log_is_open_ = false;
  MpiTuning tuning_;
  std::optional<MpiSession> session_;
  std::optional<MpiCommunicator> communicator_;
  std::optional<RunLock> lock_;
  std::optional<RunFolder> folder_;
  std::optional<RankStatusFile> status_;
};

}  // namespace

void check_simulation(const Config& config, const RankPlaces& places) {
  if (places.simulates && !config.run.one_machine)
    throw ConfigError(
        "--simulate: one process reads several silos' files, so run.one_machine = true is wanted; nothing was started");
  if (places.simulates && !places.missing.empty())
    throw ConfigError("--without_silos: a simulation wants all silos; leave out one of the two; nothing was started");
}

ExitCode train_as_rank(const Config& config, const RankPlaces& places) {
  install_stop_handlers();
  RankRun run(config, places);
  try {
    return run.run();
  } catch (const Error& error) {
    run.fail(error);
    if (run.leave_alike(error)) return error.exit_code();
    // The others' deadlines pass in these moments, too; an abort now would end them before their logs say so.
    if (dynamic_cast<const PeerLostError*>(&error) != nullptr) std::this_thread::sleep_for(std::chrono::seconds(1));
    MpiSession::abort(error.exit_code());
  } catch (const std::exception& error) {
    if (const std::string fault = gpu_memory_fault(error); !fault.empty()) {
      run.fail(EnvironmentError(fault));
      MpiSession::abort(ExitCode::environment);
    }
    const InternalError internal(fmt::format("internal error: {}; please report this", error.what()));
    run.fail(internal);
    MpiSession::abort(internal.exit_code());
  }
}

}  // namespace crossilo
