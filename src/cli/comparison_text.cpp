#include "comparison_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "crossilo/io/final_table.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {
namespace {

const char* metric_text(Task task) {
  return task == Task::binary ? "AUC" : task == Task::multiclass ? "accuracy" : "RMSE";
}

/// "AUC on test rows".
std::string title(Task task) { return fmt::format("{} on test rows", metric_text(task)); }

using Number = std::optional<RankingEstimate> MetricCell::*;  // which one of a cell

TableCell table_cell(const MetricCell& cell, Number number = &MetricCell::estimate) {
  const std::optional<RankingEstimate>& shown = cell.*number;
  if (!shown) return {.measured = {}, .reason = cell.refusal};
  return {.measured = Measured{.value = shown->value, .low = shown->low, .high = shown->high}, .reason = ""};
}

TableRow table_row(const std::string& label, const std::vector<MetricCell>& cells, Number number, std::size_t columns) {
  TableRow row{.label = label, .cells = {}};
  for (const MetricCell& cell : cells) row.cells.push_back(table_cell(cell, number));
  row.cells.resize(columns);
  return row;
}

/// One row for each way to train that was tried.
std::string table_text(const Comparison& comparison, const std::string& title_text, Number number) {
  FinalTable table{.title = title_text, .columns = comparison.silos, .rows_tested = comparison.test_rows, .rows = {}};
  if (comparison.silos.size() > 1) {
    table.columns.push_back("all");
    table.rows_tested.push_back(
        std::accumulate(comparison.test_rows.begin(), comparison.test_rows.end(), std::size_t{0}));
  }
  const auto add = [&](const char* label, const std::vector<MetricCell>& cells) {
    if (!cells.empty()) table.rows.push_back(table_row(label, cells, number, table.columns.size()));
  };
  add("federated", comparison.federated);
  add("own data only", comparison.own);
  add("pooled (not private)", comparison.pooled);
  return final_table_text(table);
}

nlohmann::json cell_json(const char* metric, const MetricCell& cell) {
  if (!cell.estimate) return {{metric, nullptr}, {"reason", cell.refusal}};
  nlohmann::json json = {{metric, cell.estimate->value}, {"low", cell.estimate->low}, {"high", cell.estimate->high}};
  if (cell.r_squared) json["r_squared"] = cell.r_squared->value;
  return json;
}

nlohmann::json difference_json(const char* metric, const std::optional<RankingEstimate>& difference) {
  if (!difference) return nullptr;
  return {{metric, difference->value}, {"low", difference->low}, {"high", difference->high}};
}

nlohmann::json cells_json(const char* metric, const std::vector<MetricCell>& cells) {
  nlohmann::json array = nlohmann::json::array();
  for (const MetricCell& cell : cells) array.push_back(cell_json(metric, cell));
  return array;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  std::string text = table_text(comparison, title(comparison.task), &MetricCell::estimate);
  if (comparison.task == Task::regression)
    text += "\n" + table_text(comparison, "R² on test rows", &MetricCell::r_squared);
  if (const auto& difference = comparison.federated_minus_pooled)
    text += fmt::format("federated minus pooled, {} on all rows: {:+.3f} (95 % interval {:+.3f} to {:+.3f}){}\n",
                        metric_text(comparison.task), difference->value, difference->low, difference->high,
                        comparison.task == Task::regression ? "; lower is better" : "");
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
  if (comparison.federated_minus_pooled)
    json["federated_minus_pooled"] = difference_json(metric, comparison.federated_minus_pooled);
  for (const auto& difference : comparison.federated_minus_own)
    json["federated_minus_own"].push_back(difference_json(metric, difference));
  return json_text(json);
}

}  // namespace crossilo
