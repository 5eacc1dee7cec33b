#include "comparison_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "crossilo/io/final_table.hpp"

namespace crossilo {
namespace {

/// "AUC on test rows".
std::string title(Task task) {
  return fmt::format("{} on test rows", task == Task::binary ? "AUC" : task == Task::multiclass ? "accuracy" : "RMSE");
}

TableCell table_cell(const MetricCell& cell) {
  if (!cell.estimate) return {.measured = {}, .reason = cell.refusal};
  return {.measured = Measured{.value = cell.estimate->value, .low = cell.estimate->low, .high = cell.estimate->high},
          .reason = ""};
}

TableRow table_row(const std::string& label, const std::vector<MetricCell>& cells, std::size_t columns) {
  TableRow row{.label = label, .cells = {}};
  for (const MetricCell& cell : cells) row.cells.push_back(table_cell(cell));
  row.cells.resize(columns);
  return row;
}

nlohmann::json cell_json(const char* metric, const MetricCell& cell) {
  if (!cell.estimate) return {{metric, nullptr}, {"reason", cell.refusal}};
  return {{metric, cell.estimate->value}, {"low", cell.estimate->low}, {"high", cell.estimate->high}};
}

nlohmann::json cells_json(const char* metric, const std::vector<MetricCell>& cells) {
  nlohmann::json array = nlohmann::json::array();
  for (const MetricCell& cell : cells) array.push_back(cell_json(metric, cell));
  return array;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  FinalTable table{
      .title = title(comparison.task), .columns = comparison.silos, .rows_tested = comparison.test_rows, .rows = {}};
  table.columns.push_back("all");
  table.rows_tested.push_back(
      std::accumulate(comparison.test_rows.begin(), comparison.test_rows.end(), std::size_t{0}));
  table.rows = {table_row("federated", comparison.federated, table.columns.size())};
  if (!comparison.own.empty()) table.rows.push_back(table_row("own data only", comparison.own, table.columns.size()));
  if (!comparison.pooled.empty())
    table.rows.push_back(table_row("pooled (not private)", comparison.pooled, table.columns.size()));
  std::string text = final_table_text(table);
  if (const auto& difference = comparison.federated_minus_pooled)
    text += fmt::format("federated minus pooled, all rows: {:+.3f} (95 % interval {:+.3f} to {:+.3f})\n",
                        difference->value, difference->low, difference->high);
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  const char* const metric = metric_name(comparison.task);
  nlohmann::json json = {{"metric", metric},
                         {"silos", comparison.silos},
                         {"test_rows", comparison.test_rows},
                         {"federated", cells_json(metric, comparison.federated)}};
  if (!comparison.own.empty()) json["own"] = cells_json(metric, comparison.own);
  if (!comparison.pooled.empty()) json["pooled"] = cells_json(metric, comparison.pooled);
  if (const auto& difference = comparison.federated_minus_pooled)
    json["federated_minus_pooled"] = {
        {metric, difference->value}, {"low", difference->low}, {"high", difference->high}};
  return json.dump(2) + "\n";
}

std::string own_columns_text(Job& job, const TrainedModel& trained, const std::vector<std::string>& silo_names) {
  FinalTable table{.title = title(job.schema().task),
                   .columns = {},
                   .rows_tested = {},
                   .rows = {{.label = "federated", .cells = {}}}};
  for (std::size_t i = 0; i < job.hosted().size(); ++i) {
    const Dataset& dataset = job.dataset(i);
    table.columns.push_back(silo_names.at(job.hosted()[i].value));
    table.rows_tested.push_back(dataset.test().rows);
    const std::vector<float> scores = row_scores(job.model(), trained.best.parameters, dataset);
    table.rows.front().cells.push_back(table_cell(metric_of(job.schema(), scores, dataset.test().y)));
  }
  return final_table_text(table);
}

}  // namespace crossilo
