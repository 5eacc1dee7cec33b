#include "crossilo/launch/supervisor.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "crossilo/base/clock.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/launch/guard.hpp"
#include "held_signals.hpp"
#include "mpirun.hpp"
#include "mpirun_words.hpp"
#include "process_tree.hpp"

namespace crossilo {
namespace {

/// Carries out what the user asks for, and ends a run that does not begin or does not end.
class Watch {
 public:
  Watch(const SupervisorOptions& options, const RunFolder& folder, ProcessTree& tree)
      : options_(options), folder_(folder), tree_(tree), begin_by_(now() + options.begin_seconds_max) {}

  void take(int signal) {
    if (signal == 0 || signal == SIGCHLD) return;
    if (end_.first_signal == 0) {
      end_.first_signal = signal;
      show_text(stderr, "crossilo: stops after the round at hand, with a checkpoint; Ctrl-C again ends it at once\n");
    }
    if (signal == SIGINT || signal == SIGTERM) ++insisting_;
    if (insisting_ < 2) {
      to_pass_on_ = true;
    } else if (end_.signal == 0) {
      end_.signal = signal;
      end_now();
    }
  }

  void look() {
    if (!all_began_) look_for_ranks();
    // Before its status file is there, a rank may have no handler yet, and a signal would kill it.
    if (to_pass_on_ && all_began_) {
      tree_.signal_command(SIGUSR1);  // mpirun hands it to every rank
      to_pass_on_ = false;
    }
    if (!all_began_ && now() > begin_by_) {
      end_.began_too_late = true;
      end_now();
    }
    if (all_began_ && now() > next_work_look_) look_for_work();
    if (end_by_ == kNever && folder_.has_outcome()) end_by_ = now() + seconds_to_end();
    if (now() > end_by_) end_now();
    if (now() > kill_by_) tree_.signal_group(SIGKILL);
  }

  [[nodiscard]] RunEnd end(int launcher_status) const {
    RunEnd end = end_;
    end.launcher_status = launcher_status;
    return end;
  }

  /// Removes what ranks that were killed have left in memory, once none of them lives.
  void clean_up() const {
    std::error_code ignored;  // most often MPI itself has removed them
    for (const std::string& segment : segments_) std::filesystem::remove(segment, ignored);
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static double now() { return steady_clock().now_seconds(); }

  void look_for_ranks() {
    const std::vector<RankStatus> statuses = read_rank_statuses(folder_);
    all_began_ = statuses.size() >= static_cast<std::size_t>(options_.ranks);
    if (all_began_)
      for (const RankStatus& status : statuses) segments_.merge(shared_segments(static_cast<pid_t>(status.pid)));
  }

  /// Ends the run when some ranks have finished and the rest no longer works: a rank that is stopped or hangs after the
  /// last farewell has nobody who waits for it.
  void look_for_work() {
    next_work_look_ = now() + 1.0;
    const std::vector<RankStatus> statuses = read_rank_statuses(folder_);
    std::vector<RankStatus> last;
    std::vector<long> work;
    for (const RankStatus& status : statuses) {
      if (status.finished) continue;
      last.push_back(status);
      work.insert(work.end(), {status.pid, processor_ticks(static_cast<pid_t>(status.pid))});
    }
    if (last.empty() || last.size() == statuses.size() || work != work_seen_) {
      work_seen_ = work;
      idle_since_ = now();
    } else if (now() > idle_since_ + options_.end_seconds_max && kill_by_ == kNever) {
      end_.standing = last;
      end_now();
    }
  }

  /// Who ends well may still save and say farewell; where a rank has failed, there is nothing to wait for.
  [[nodiscard]] double seconds_to_end() const {
    const auto outcome = folder_.read_outcome();
    const bool ends_well =
        outcome && (outcome->exit_code == ExitCode::success || outcome->exit_code == ExitCode::requeue);
    return ends_well ? options_.end_seconds_max : std::min(options_.end_seconds_max, options_.fail_seconds_max);
  }

  void end_now() {
    if (kill_by_ != kNever) return;
    tree_.signal_command(SIGTERM);  // mpirun ends its ranks
    kill_by_ = now() + options_.grace_seconds;
  }

  const SupervisorOptions& options_;
  const RunFolder& folder_;
  ProcessTree& tree_;
  int insisting_ = 0;
  bool to_pass_on_ = false;
  bool all_began_ = false;
  std::set<std::string> segments_;  // of the ranks' shared memory
  RunEnd end_;
  double begin_by_;
  double next_work_look_ = 0.0;
  double idle_since_ = 0.0;
  std::vector<long> work_seen_;
  double end_by_ = kNever;
  double kill_by_ = kNever;
};

}  // namespace

namespace {

RunEnd watch_over(const SupervisorOptions& options, const RunFolder& folder, const std::vector<std::string>& command,
                  const HeldSignals& signals) {
  ProcessTree tree(command, mpirun_environment(), signals.before());
  Watch watch(options, folder, tree);
  while (!tree.ended()) {
    watch.take(signals.next());
    watch.look();
  }
  tree.end_all();
  watch.clean_up();
  return watch.end(*tree.ended());
}

/// True when mpirun gave up by itself and no rank came as far as its status file.
bool refused_to_start(const RunEnd& end, const RunFolder& folder) {
  return WIFEXITED(end.launcher_status) && WEXITSTATUS(end.launcher_status) != 0 && end.signal == 0 &&
         !end.began_too_late && !folder.has_outcome() && read_rank_statuses(folder).empty();
}

/// Writes down what no rank could. A full disk does not hide how the run ended: the text says it, too.
void leave_outcome(const RunFolder& folder, Outcome& outcome) {
  try {
    (void)folder.write_outcome(outcome);
  } catch (const StorageError& failure) {
    outcome.text += fmt::format("; and outcome.json could not be written: {}", failure.what());
  }
}

}  // namespace

Supervisor::Supervisor() : signals_(std::make_unique<HeldSignals>()) {}
Supervisor::~Supervisor() = default;

bool Supervisor::pause(double seconds) const {
  for (const double end = steady_clock().now_seconds() + seconds; steady_clock().now_seconds() < end;)
    if (const int signal = signals_->next(); signal != 0 && signal != SIGCHLD) return false;
  return true;
}

SupervisedEnd Supervisor::run(const SupervisorOptions& options, const RunFolder& folder) const {
  if (const auto launch = detect_launch())
    throw EnvironmentError(
        fmt::format("--np starts mpirun by itself, but {} has started this process already: leave "
                    "--np out",
                    launch->launcher));
  const std::vector<std::string> command = mpirun_command(options, folder);
  if (options.shows_command) show_text(stdout, shell_line(command) + "\n");
  RunEnd end = watch_over(options, folder, command, *signals_);
  if (refused_to_start(end, folder)) end.refusal = mpirun_refusal(options.ranks);
  SupervisedEnd verdict = judge(folder, options.ranks, end);
  if (!verdict.is_of_a_rank) leave_outcome(folder, verdict.outcome);
  return verdict;
}

}  // namespace crossilo
