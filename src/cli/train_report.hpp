// Aim: what a training run shows and leaves behind: lines, metrics, models, the closing table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint_keeper.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/io/metrics.hpp"
#include "crossilo/io/progress.hpp"
#include "crossilo/io/rank_status.hpp"
#include "crossilo/io/round_files.hpp"
#include "crossilo/io/run_folder.hpp"
#include "round_fields.hpp"

namespace crossilo {

/// Watches a run. Only the first rank prints and writes; every rank notes its rounds in its status file.
class TrainReport final : public RunObserver {
 public:
  /// `rank_silos`: names of each rank's silos. Alive until: all other arguments outlive the report.
  TrainReport(const Config& config, Task task, const RunFolder& folder, bool is_first_rank, RankStatusFile& status,
              std::vector<std::string> rank_silos);

  /// What the ranks compute on, for the first line.
  void say_devices(std::string devices) { devices_ = std::move(devices); }
  /// From now on only warnings and the end are shown.
  void be_quiet() noexcept { is_quiet_ = true; }
  /// From now on the end is one JSON object instead of tables.
  void print_json() noexcept { prints_json_ = true; }

  /// From now on states are kept there.
  void keep_checkpoints(CheckpointFolder folder, const CheckpointKeys& keys, RoundIndex kept) {
    keeper_.emplace(std::move(folder), keys, kept);
  }
  /// With a state, these silos' private state is kept, too.
  void keep_private_state_of(std::vector<Silo*> silos) { silos_ = std::move(silos); }
  /// Takes up what an earlier start knew of its last round.
  void go_on_from(const Checkpoint& checkpoint);

  void on_start(const RunStart& start) override;
  void on_round(const RoundRecord& record) override;
  void on_links(RoundIndex round, std::span<const SiteLink> links) override;
  void on_private_state(RoundIndex round, const Hash256& chain) override;
  void on_state(const FederationState& state) override;

  /// Saves the models, and where silos do not share a machine what each learns about its own rows.
  void save(Job& job, const TrainedModel& trained);
  /// Where one process may read all files, trains the baselines and shows the comparison; then says where all lies.
  /// It may take long; no other rank is needed any more.
  void close(Job& job, const TrainedModel& trained);
  /// Leaves summary.json, and prints it where that was asked for. Call it once the outcome is known.
  void summarise(const TrainedModel& trained) const;
  /// Writes report.html and says where; it tells what the manifest tells by then.
  void leave_page() const;

 private:
  /// A round whose model's evaluation comes with the next record.
  struct PastRound {
    RoundRecord record;
    double steady_seconds = 0.0;
  };
  void warn(const std::string& text);
  void say(const std::string& text) const;
  void warn_of_abstentions(const RoundRecord& record);
  void warn_of_clamped(const RoundRecord& record);
  void warn_of_round(RoundIndex round, std::uint32_t times, const std::string& text);
  void show(const PastRound& round, const RoundRecord& next);
  [[nodiscard]] MetricRecord closing_fields(const RoundRecord& next);
  void save_own_column(Job& job, const TrainedModel& trained) const;

  const Config& config_;
  EvaluationReading reading_;
  const RunFolder& folder_;
  bool is_first_rank_;
  std::string devices_ = "CPU";
  bool is_quiet_ = false;
  bool prints_json_ = false;
  std::uint32_t clamped_rounds_ = 0;
  std::uint32_t abstained_rounds_ = 0;
  RankStatusFile& status_;
  double start_seconds_;
  double first_seconds_ = 0.0;  // from then until the first round was through
  Progress progress_;
  std::vector<std::string> rank_silos_;
  std::vector<std::string> site_names_;
  std::optional<RoundFiles> files_;
  RoundIndex resumed_{};
  std::function<void()> show_life_ = [] {};
  std::optional<CheckpointKeeper> keeper_;
  std::vector<Silo*> silos_;
  std::vector<SiloId> present_;
  std::string missing_;  // "c, d": silos of the roster that this start is without
  std::optional<PastRound> last_;
  std::string begun_;               // the line of the last round, which only wants its evaluation
  std::uint32_t judged_round_ = 0;  // whose model the next record brings the evaluation of
  std::uint32_t best_round_ = 0;
};

}  // namespace crossilo
