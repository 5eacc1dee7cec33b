// The sections [algorithm], [stop], [privacy] and [topology] of the table.
#include "config_kinds.hpp"

namespace crossilo {
namespace {

void add_algorithm(std::vector<ConfigOption>& options) {
  options.push_back(option("algorithm.name", one_of({"fedavg", "fedavgm", "fedadam", "fedyogi", "fedadagrad"}),
                           CROSSILO_FIELD(algorithm.name),
                           {.meaning = "What turns the mean change into the next model: fedavg adds it, fedavgm with "
                                       "momentum; the others scale each parameter by the changes it has seen."}));
  options.push_back(option("algorithm.server_learning_rate", positive_number(),
                           CROSSILO_FIELD(algorithm.server_learning_rate),
                           {.meaning = "Factor on the mean change before it is added."}));
  options.push_back(option("algorithm.server_momentum", number_from_zero_below_one(),
                           CROSSILO_FIELD(algorithm.server_momentum),
                           {.meaning = "How much of the last round's change is taken again, with fedavgm."}));
  options.push_back(option("algorithm.beta1", number_from_zero_below_one(), CROSSILO_FIELD(algorithm.beta1),
                           {.meaning = "How much of the mean change stays from round to round, with fedadam, fedyogi "
                                       "and fedadagrad."}));
  options.push_back(option("algorithm.beta2", number_from_zero_below_one(), CROSSILO_FIELD(algorithm.beta2),
                           {.meaning = "The same for the squared change, with fedadam and fedyogi."}));
  options.push_back(option("algorithm.tau", positive_number(), CROSSILO_FIELD(algorithm.tau),
                           {.meaning = "Added to the root of the squared change before it divides, with fedadam, "
                                       "fedyogi and fedadagrad: the larger, the less they adapt."}));
  options.push_back(option("algorithm.proximal_mu", number_from_zero(), CROSSILO_FIELD(algorithm.proximal_mu),
                           {.meaning = "How strongly a silo is held near the common model while it trains (FedProx). "
                                       "0: not at all."}));
  options.push_back(option("algorithm.silos_per_round", count_from(0), CROSSILO_FIELD(algorithm.silos_per_round),
                           {.meaning = "How many silos take part in a round, drawn anew each time. 0: all."}));
}

void add_stop(std::vector<ConfigOption>& options) {
  options.push_back(option(
      "stop.metric", one_of({"loss", "accuracy", "auc"}), CROSSILO_FIELD(stop.metric),
      {.fixes_course = false, .meaning = "What chooses the best round, on rows that are held back from training."}));
  options.push_back(option(
      "stop.patience_rounds", count_from(0), CROSSILO_FIELD(stop.patience_rounds),
      {.fixes_course = false, .meaning = "The run stops after so many rounds without a better one. 0: it does not."}));
  options.push_back(
      option("stop.improvement_min", number_from_zero(), CROSSILO_FIELD(stop.improvement_min),
             {.fixes_course = false, .meaning = "By how much stop.metric must improve to count as better."}));
}

void add_privacy(std::vector<ConfigOption>& options) {
  options.push_back(
      option("privacy.masking", choice<bool>({{"on", true}, {"off", false}}), CROSSILO_FIELD(privacy.masking),
             {.meaning = "on: what leaves a silo looks like noise, only the sum over all can be read. off: "
                         "peers can read each silo's change; for tests."}));
  options.push_back(option("privacy.clip_norm", number_from_zero(), CROSSILO_FIELD(privacy.clip_norm),
                           {.meaning = "The longest change (L2 norm) that one silo may add; longer ones are scaled "
                                       "down. 0: no bound."}));
  options.push_back(option("privacy.lane_bits", choice<unsigned>({{"32", 32}, {"16", 16}, {"8", 8}}),
                           CROSSILO_FIELD(privacy.lane_bits),
                           {.meaning = "Bits that carry one parameter: 16 halves the bytes sent, 8 quarters them, both "
                                       "at the price of coarser rounding."}));
  options.push_back(option("privacy.allow_two_silos", yes_or_no(), CROSSILO_FIELD(privacy.allow_two_silos),
                           {.meaning = "Of two silos each can take its own part out of the sum and read the other's, "
                                       "so two must be wanted: true."}));
}

void add_topology(std::vector<ConfigOption>& options) {
  options.push_back(option("topology.sites_from", one_of({"one", "hosts", "het", "env", "file"}),
                           CROSSILO_FIELD(topology.sites_from),
                           {.fixes_course = false,
                            .meaning = "Which silos share a fast network, a site (docs/sites.md): one: all. hosts: by "
                                       "topology.hosts. het: by the groups of a heterogeneous Slurm job. env: "
                                       "CROSSILO_SITE of each rank. file: by topology.file. The model is the same, bit "
                                       "for bit."}));
  options.push_back(
      option("topology.hosts", sites_by_host(), CROSSILO_FIELD(topology.hosts),
             {.fixes_course = false, .example = "north: n[1-4], n7; south: s1", .meaning = "The hosts of each site."}));
  options.push_back(option("topology.file", path(), CROSSILO_FIELD(topology.file),
                           {.belongs = Belongs::to_silo,
                            .fixes_course = false,
                            .example = "sites.txt",
                            .meaning = "A file with one line \"HOST-OR-SILO SITE\" each; it says the same "
                                       "everywhere, the silos compare it."}));
  options.push_back(option("topology.sum_on", one_of({"auto", "nccl", "memory"}), CROSSILO_FIELD(topology.sum_on),
                           {.fixes_course = false,
                            .meaning = "Where a site sums. auto: by NCCL where all its ranks have a GPU, otherwise in "
                                       "shared memory and by messages. nccl: the former, or the run does not start. "
                                       "memory: the latter, also with GPUs. The model is the same, bit for bit."}));
}

}  // namespace

void add_federation_options(std::vector<ConfigOption>& options) {
  add_algorithm(options);
  add_stop(options);
  add_privacy(options);
  add_topology(options);
}

}  // namespace crossilo
