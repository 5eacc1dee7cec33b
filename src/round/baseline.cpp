#include "crossilo/round/baseline.hpp"

#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/silo/local_silo.hpp"

namespace crossilo {
namespace {

/// Scores of one model on the test rows of each silo.
using SiloScores = std::vector<std::vector<float>>;

std::vector<float> scores_on(const Dataset& unscaled, Model& model, const TrainedModel& trained) {
  Dataset dataset = unscaled;
  dataset.apply(trained.scaling);
  return scores(model, trained.best.parameters, dataset.test(), dataset.schema().task);
}

SiloScores scores_on_each(const OpenSilos& silos, Model& model, const TrainedModel& trained) {
  SiloScores result;
  for (const Dataset& dataset : silos.datasets) result.push_back(scores_on(dataset, model, trained));
  return result;
}

RankedCell rank(const std::vector<float>& scores, const std::vector<float>& labels,
                const std::vector<std::string>& class_names) {
  RankedCell cell{.refusal = ranking_refusal(scores, labels, class_names)};
  if (cell.refusal.empty()) cell.auc = auc(scores, labels);
  return cell;
}

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// One cell for each silo, then one for all rows together.
std::vector<RankedCell> rank_each_and_all(const SiloScores& scores, const std::vector<std::vector<float>>& labels,
                                          const std::vector<std::string>& class_names) {
  std::vector<RankedCell> cells;
  for (std::size_t i = 0; i < scores.size(); ++i) cells.push_back(rank(scores[i], labels[i], class_names));
  cells.push_back(rank(joined(scores), joined(labels), class_names));
  return cells;
}

std::shared_ptr<Dataset> pool(const OpenSilos& silos) {
  std::vector<const Dataset*> parts;
  for (const Dataset& dataset : silos.datasets) parts.push_back(&dataset);
  return std::make_shared<Dataset>(Dataset::pooled(parts));
}

}  // namespace

Comparison compare_with_baselines(const OpenSilos& silos, Model& model, const TrainedModel& federated,
                                  const TrainAlone& train_alone) {
  const SiloSchema& schema = silos.datasets.front().schema();
  CROSSILO_ASSERT(schema.task == Task::binary);
  Comparison result{.silos = silos.names};
  std::vector<std::vector<float>> labels;
  for (const Dataset& dataset : silos.datasets) {
    labels.push_back(dataset.test().y);
    result.test_rows.push_back(dataset.test().rows);
  }
  const SiloScores federated_scores = scores_on_each(silos, model, federated);
  const SiloScores pooled_scores = scores_on_each(silos, model, train_alone(pool(silos)));
  result.federated = rank_each_and_all(federated_scores, labels, schema.class_names);
  result.pooled = rank_each_and_all(pooled_scores, labels, schema.class_names);
  for (std::size_t i = 0; i < silos.datasets.size(); ++i) {
    const TrainedModel own = train_alone(std::make_shared<Dataset>(silos.datasets[i]));
    result.own.push_back(rank(scores_on(silos.datasets[i], model, own), labels[i], schema.class_names));
  }
  result.federated_minus_pooled = auc_difference(joined(federated_scores), joined(pooled_scores), joined(labels));
  return result;
}

}  // namespace crossilo
