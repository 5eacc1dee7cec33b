#include "crossilo/round/baseline.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/silo/row_metrics.hpp"

namespace crossilo {
namespace {

constexpr const char* kOwnDiverged = "training on its own rows alone diverged";
constexpr const char* kPooledDiverged = "training on all rows in one place diverged";

/// Nothing where training diverged: a silo that cannot train alone is what federating is for.
std::optional<TrainedModel> try_alone(const TrainAlone& train_alone, std::shared_ptr<Dataset> dataset,
                                      SiloId number) try {
  return train_alone(std::move(dataset), number);
} catch (const DivergedError& error) {
  log_warning(fmt::format("baseline {}: {}", number.value, error.what()));
  return std::nullopt;
}

/// Scores of one model on the test rows of each silo.
using SiloScores = std::vector<std::vector<float>>;

std::vector<float> scores_on(const Dataset& unscaled, Model& model, const TrainedModel& trained) {
  Dataset dataset = unscaled;
  dataset.apply(trained.scaling);
  return row_scores(model, trained.best.parameters, dataset);
}

SiloScores scores_on_each(const OpenSilos& silos, Model& model, const TrainedModel& trained) {
  SiloScores result;
  for (const Dataset& dataset : silos.datasets) result.push_back(scores_on(dataset, model, trained));
  return result;
}

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// One cell for each silo, then one for all rows together.
std::vector<MetricCell> measure_each_and_all(const SiloSchema& schema, const SiloScores& scores,
                                             const std::vector<std::vector<float>>& labels) {
  std::vector<MetricCell> cells;
  for (std::size_t i = 0; i < scores.size(); ++i) cells.push_back(metric_of(schema, scores[i], labels[i]));
  cells.push_back(metric_of(schema, joined(scores), joined(labels)));
  return cells;
}

std::shared_ptr<Dataset> pool(const OpenSilos& silos) {
  std::vector<const Dataset*> parts;
  for (const Dataset& dataset : silos.datasets) parts.push_back(&dataset);
  return std::make_shared<Dataset>(Dataset::pooled(parts));
}

}  // namespace

Comparison compare_with_baselines(const OpenSilos& silos, Model& model, const TrainedModel& federated,
                                  const TrainAlone& train_alone, const Baselines& baselines) {
  const SiloSchema& schema = silos.datasets.front().schema();
  Comparison result{.task = schema.task, .silos = silos.names};
  std::vector<std::vector<float>> labels;
  for (const Dataset& dataset : silos.datasets) {
    labels.push_back(test_labels(dataset));
    result.test_rows.push_back(dataset.test().rows);
  }
  const SiloScores federated_scores = scores_on_each(silos, model, federated);
  result.federated = measure_each_and_all(schema, federated_scores, labels);
  if (baselines.pooled) {
    if (const auto pooled = try_alone(train_alone, pool(silos), silos.pooled)) {
      const SiloScores pooled_scores = scores_on_each(silos, model, *pooled);
      result.pooled = measure_each_and_all(schema, pooled_scores, labels);
      result.federated_minus_pooled =
          metric_difference(schema.task, joined(federated_scores), joined(pooled_scores), joined(labels));
    } else {
      result.pooled.assign(silos.datasets.size() + 1, {.estimate = {}, .refusal = kPooledDiverged});
    }
  }
  for (std::size_t i = 0; baselines.own && i < silos.datasets.size(); ++i) {
    const auto own = try_alone(train_alone, std::make_shared<Dataset>(silos.datasets[i]), silos.ids[i]);
    const std::vector<float> own_scores = own ? scores_on(silos.datasets[i], model, *own) : std::vector<float>();
    result.own.push_back(own ? metric_of(schema, own_scores, labels[i])
                             : MetricCell{.estimate = {}, .refusal = kOwnDiverged});
    result.federated_minus_own.push_back(
        own ? metric_difference(schema.task, federated_scores[i], own_scores, labels[i]) : std::nullopt);
  }
  return result;
}

}  // namespace crossilo
