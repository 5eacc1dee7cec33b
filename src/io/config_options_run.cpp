// The sections [run] and [data] of the table.
#include "config_kinds.hpp"

namespace crossilo {
namespace {

void add_identity(std::vector<ConfigOption>& options) {
  options.push_back(option("run.name", short_name(), CROSSILO_FIELD(run.name),
                           {.need = Need::required,
                            .fixes_course = false,
                            .example = "example",
                            .meaning = "Names the run: its results go to runs/NAME-1, runs/NAME-2, …"}));
  options.push_back(option("run.silos", silo_names(), CROSSILO_FIELD(run.silos),
                           {.need = Need::required,
                            .example = "north, south, west",
                            .meaning = "The institutions that train together, one silo each, in an order that all of "
                                       "them use."}));
  options.push_back(option("run.silo", short_name(), CROSSILO_FIELD(run.silo),
                           {.belongs = Belongs::to_silo,
                            .fixes_course = false,
                            .example = "north",
                            .meaning = "Which of run.silos this process is; CROSSILO_SILO is short for it. Where no "
                                       "process says so, the first of run.silos is rank 0, and so on."}));
}

void add_course(std::vector<ConfigOption>& options) {
  options.push_back(option("run.rounds", count_from(1), CROSSILO_FIELD(run.rounds),
                           {.need = Need::required,
                            .fixes_course = false,
                            .example = "40",
                            .meaning = "How often the silos train and add up their changes."}));
  options.push_back(option(
      "run.seed", whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()), CROSSILO_FIELD(run.seed),
      {.meaning = "The root of all shared randomness; it is no secret. With the same seed and the same secrets in "
                  "data.private_folder a run repeats itself."}));
  options.push_back(option("run.one_machine", yes_or_no(), CROSSILO_FIELD(run.one_machine),
                           {.fixes_course = false,
                            .meaning = "true: all silo files lie on this machine, so the closing table may show every "
                                       "silo and compare with pooled rows. false: each silo sees its own column."}));
  options.push_back(option("run.weights",
                           choice<WeightRule>({{"rows", WeightRule::rows}, {"equal", WeightRule::equal}}),
                           CROSSILO_FIELD(run.weights),
                           {.meaning = "How much a silo counts in the mean: by its training rows, or each alike."}));
  options.push_back(option("run.threads", whole_number<std::uint32_t>(1, 1024), CROSSILO_FIELD(run.threads),
                           {.meaning = "Threads of each rank for training and evaluation. Their number decides the "
                                       "last bits of a model, so it is equal everywhere."}));
}

void add_device(std::vector<ConfigOption>& options) {
  options.push_back(
      option("run.device", one_of({"auto", "cpu", "cuda"}), CROSSILO_FIELD(run.device),
             {.belongs = Belongs::to_silo,
              .fixes_course = false,
              .meaning = "What a rank trains on, and a site sums on (docs/clusters.md). cuda: a GPU of its own, or the "
                         "run does not start. cpu: the processor. auto: a GPU where the program is built with CUDA and "
                         "the host has one for each rank, otherwise the processor."}));
}

void add_surroundings(std::vector<ConfigOption>& options) {
  options.push_back(option(
      "run.peer_seconds_max", positive_number(), CROSSILO_FIELD(run.peer_seconds_max),
      {.fixes_course = false,
       .meaning =
           "How long a silo waits for another that gives no sign of life, before the run ends with exit code 5, in "
           "seconds. Silos that train, evaluate or wait give signs; those whose disk takes long (rows, checkpoints, "
           "models) do for ten times as long."}));
  options.push_back(option("run.relaunches_max", count_from(0), CROSSILO_FIELD(run.relaunches_max),
                           {.fixes_course = false,
                            .meaning = "How often crossilo train --np, or a batch job, starts the ranks again by "
                                       "itself after a silo was lost, in a row "
                                       "without a new finished round in between. 0: not at all."}));
  options.push_back(option("run.min_silos", count_from(0), CROSSILO_FIELD(run.min_silos),
                           {.fixes_course = false,
                            .meaning = "With how many silos a run may go on when others cannot be started again. 0: "
                                       "all. With fewer, the others nearly see the change of the one that is missing "
                                       "(docs/resume.md)."}));
  options.push_back(option(
      "run.evaluate_every_rounds", count_from(1), CROSSILO_FIELD(run.evaluate_every_rounds),
      {.fixes_course = false, .meaning = "After how many rounds the model is evaluated; the last model always is."}));
  options.push_back(option(
      "run.checkpoint_every_rounds", count_from(1), CROSSILO_FIELD(run.checkpoint_every_rounds),
      {.fixes_course = false,
       .meaning =
           "After how many rounds a checkpoint is written; a run that is asked to stop, and one that ends, writes "
           "one anyway. The last two are kept."}));
  options.push_back(option("run.baselines", none_or_some_of({"own", "pooled"}), CROSSILO_FIELD(run.baselines),
                           {.fixes_course = false,
                            .meaning = "With what the model is compared at the end, where run.one_machine = true: own: "
                                       "each silo trained alone; pooled: all rows in one place, not private."}));
}

}  // namespace

void add_run_options(std::vector<ConfigOption>& options) {
  add_identity(options);
  add_course(options);
  add_device(options);
  add_surroundings(options);
  options.push_back(option("data.path", path_of_silo(), CROSSILO_FIELD(data.path),
                           {.need = Need::required,
                            .belongs = Belongs::to_silo,
                            .fixes_course = false,
                            .example = "data/{silo}.h5",
                            .meaning = "The silo file (docs/silo-file.md). Relative paths start where the program "
                                       "does."}));
  options.push_back(option("data.private_folder", path_of_silo(), CROSSILO_FIELD(data.private_folder),
                           {.belongs = Belongs::to_silo,
                            .fixes_course = false,
                            .meaning = "Holds the silo's secret, and with run.one_machine = false its own results "
                                       "(RUN.txt). Only that silo may read it."}));
}

}  // namespace crossilo
