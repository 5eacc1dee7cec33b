#include "plan_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/build_job.hpp"
#include "crossilo/cli/model_spec.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/round/evaluation_statistics.hpp"
#include "crossilo/round/round.hpp"
#include "site_rule.hpp"

namespace crossilo {
namespace {

// Measured with a tiny model: a rank with its libraries and MPI, on x86-64, without a GPU.
constexpr std::uint64_t kProgramBytes = 150'000'000;

/// The silos whose files this machine may read: all on one machine, otherwise its own.
std::vector<PlannedSilo> readable_silos(const Config& config, std::string& question) {
  const auto silo = [&](const std::string& name) {
    return PlannedSilo{.name = name, .path = path_for_silo(config.data.path, name), .fault = {}};
  };
  std::vector<PlannedSilo> silos;
  const std::string& own = config.run.silo;
  if (!own.empty() && std::ranges::find(config.run.silos, own) == config.run.silos.end())
    throw EnvironmentError(
        fmt::format("run.silo = {} is not in run.silos ({})", own, fmt::join(config.run.silos, ", ")));
  if (config.run.one_machine)
    for (const std::string& name : config.run.silos) silos.push_back(silo(name));
  else if (!own.empty() || path_for_silo(config.data.path, "") == config.data.path)
    silos.push_back(silo(own));
  else
    question = "which silo is this? With run.silo in its own file, or CROSSILO_SILO, its rows are looked at";
  return silos;
}

void look_at_files(PlanFacts& plan) {
  std::string first;
  for (PlannedSilo& silo : plan.silos) {
    try {
      const SiloFileSummary summary = read_silo_summary(silo.path);
      silo.train_rows = summary.train_rows;
      silo.test_rows = summary.test_rows;
      if (!plan.schema) {
        plan.schema = summary.schema;
        first = silo.name;
      } else if (const std::string difference = schema_difference(summary.schema, *plan.schema); !difference.empty()) {
        silo.fault = fmt::format("{}: {} (compared with silo {})", silo.path, difference, first);
      }
    } catch (const DataError& error) {
      silo.fault = error.what();
    }
  }
}

PlannedModel build_model(const Config& config, const SiloSchema& schema) {
  const TorchSession torch;
  ModelOutline model = outline_model(make_model_spec(config.model, schema));
  return {.name = config.model.torchscript.empty() ? config.model.name : config.model.torchscript,
          .weights = model.layout.weights,
          .buffers = model.layout.buffers,
          .memory_fault = memory_fault(model.layout),
          .tensors = std::move(model.tensors)};
}

/// As many bins as can be; fewer are sent where rows are few.
EvaluationLayout planned_histograms(const Config& config) {
  const std::size_t bins = config.stop.metric == "auc" ? kScoreBinsMax : 0;
  return {.held_back_bins = bins, .test_bins = bins};
}

PlannedTraffic traffic_of(const Config& config, const PlannedModel& model) {
  PayloadLayout layout = round_layout({.weights = model.weights, .buffers = model.buffers}, planned_histograms(config));
  PlannedTraffic traffic{.first_payload_bytes = layout.payload_bytes()};
  const std::size_t silos = config.run.silos.size();
  const std::size_t cohort = config.algorithm.silos_per_round > 0 ? config.algorithm.silos_per_round : silos;
  LaneBlock& delta = layout.lanes.front();
  delta.lane_bits = config.privacy.lane_bits;
  (void)LaneScale::of(delta, cohort, 0);  // refuses lanes that are too narrow for so many silos
  traffic.payload_bytes = layout.payload_bytes();
  // Direct exchange: each rank sends all but its own shard, and its shard's total to all others.
  const auto sent = [&](std::uint64_t payload) { return 2 * payload * (silos - 1) / silos; };
  traffic.sent_bytes = sent(traffic.payload_bytes);
  traffic.all_sent_bytes = sent(traffic.first_payload_bytes) + (config.run.rounds - 1) * traffic.sent_bytes;
  return traffic;
}

/// Vectors of the server's rule beside the model: momentum, and the squared changes.
std::uint64_t server_vectors(const std::string& algorithm) {
  if (algorithm == "fedavg") return 0;
  return algorithm == "fedavgm" ? 1 : 2;
}

/// As far as the settings say: where only the job knows, or the list cannot be read, there may be several.
bool may_have_sites(const Config& config) {
  const SiteRule rule = site_rule(config);
  if (rule.sites_from == "one") return false;
  const bool is_listed = rule.sites_from == "hosts" || rule.sites_from == "file";
  return !is_listed || !rule.fault.empty() || rule.sites.size() > 1;
}

PlannedMemory memory_of(const Config& config, const PlanFacts& plan) {
  PlannedMemory memory{.program_bytes = kProgramBytes};
  const std::uint64_t row_bytes = 4 * (plan.schema->feature_names.size() + 1);
  for (const PlannedSilo& silo : plan.silos)  // while train/ is divided it is there twice
    memory.rows_bytes = std::max<std::uint64_t>(memory.rows_bytes, row_bytes * (2 * silo.train_rows + silo.test_rows));
  const std::uint64_t values = plan.model->weights + plan.model->buffers;
  const std::uint64_t optimizer_vectors = config.train.optimizer == "sgd" ? 1 : 2;
  // The torch module, the initial, present and best model, the delta, two for the result; with the narrowest lanes what
  // they do not carry.
  const std::uint64_t model_vectors = 7 + (feeds_errors_back(config.privacy.lane_bits) ? 1 : 0);
  memory.model_bytes = 4 * (values * (model_vectors + server_vectors(config.algorithm.name)) +
                            plan.model->weights * (1 + optimizer_vectors));
  // The region of the window, and what arrives from other nodes and sites, at most as much; a lone silo's payload is
  // never in memory as a whole.
  const std::vector<int> sites = may_have_sites(config) ? std::vector{0, 1} : std::vector<int>{};
  memory.sum_bytes = std::uint64_t{8} * RingSum::Options::for_payload(values, sites).window_words;
  return memory;
}

std::vector<Leaving> leaving(const Config& config, const PlanFacts& plan) {
  const SiloSchema& schema = *plan.schema;
  const std::size_t columns = schema.feature_names.size() + (schema.task == Task::regression ? 1 : 0);
  const char* readers = "no: only the sum over all silos";
  if (!config.privacy.masking) readers = "yes: privacy.masking = off";
  if (config.privacy.masking && config.run.silos.size() == 2) readers = "yes: of two, each can subtract its own part";
  if (config.run.silos.size() == 1) readers = "no: there are no others";
  const std::size_t evaluation = 8 * (kFirstFreeStatistic + evaluation_statistics(planned_histograms(config)).size());
  const char* rows = config.run.weights == WeightRule::rows ? ", rows rounded up to tens" : "";
  const std::string scores = config.stop.metric == "auc" ? ", histogram of scores" : "";
  return {
      {.what = fmt::format("name, host, public key, hashes of settings and columns (where they differ, these){}", rows),
       .when = "at the start",
       .readable_by = "yes"},
      {.what = "each column's sums, for scaling; rows of each class, held back, for testing",
       .when = "at the start",
       .bytes = 8 * (5 * columns + schema.class_names.size() + 2),
       .readable_by = readers},
      {.what = "change of the model, sums of losses and counts" + scores,
       .when = "each round",
       .bytes = plan.traffic.payload_bytes,
       .readable_by = readers},
      {.what = "sums of losses and counts" + scores, .when = "at the end", .bytes = evaluation, .readable_by = readers},
      {.what = "number of the round, fingerprint of the model, wish to stop, seconds of each phase",
       .when = "each round",
       .readable_by = "yes"}};
}

}  // namespace

PlanFacts plan_facts(const Config& config) {
  PlanFacts plan;
  plan.silos = readable_silos(config, plan.own_silo_question);
  look_at_files(plan);
  check_model_file(config.model);
  if (!plan.schema) return plan;
  check_task(config, *plan.schema);
  plan.model = build_model(config, *plan.schema);
  plan.traffic = traffic_of(config, *plan.model);
  plan.memory = memory_of(config, plan);
  plan.leaving = leaving(config, plan);
  return plan;
}

}  // namespace crossilo
