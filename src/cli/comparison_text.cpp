#include "comparison_text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "crossilo/io/final_table.hpp"

namespace crossilo {
namespace {

constexpr const char* kTitle = "AUC on test rows";

TableCell table_cell(const RankedCell& cell) {
  if (!cell.auc) return {.measured = {}, .reason = cell.refusal};
  return {.measured = Measured{.value = cell.auc->value, .low = cell.auc->low, .high = cell.auc->high}, .reason = ""};
}

TableRow table_row(const std::string& label, const std::vector<RankedCell>& cells, std::size_t columns) {
  TableRow row{.label = label, .cells = {}};
  for (const RankedCell& cell : cells) row.cells.push_back(table_cell(cell));
  row.cells.resize(columns);
  return row;
}

nlohmann::json cell_json(const RankedCell& cell) {
  if (!cell.auc) return {{"auc", nullptr}, {"reason", cell.refusal}};
  return {{"auc", cell.auc->value}, {"low", cell.auc->low}, {"high", cell.auc->high}};
}

nlohmann::json cells_json(const std::vector<RankedCell>& cells) {
  nlohmann::json array = nlohmann::json::array();
  for (const RankedCell& cell : cells) array.push_back(cell_json(cell));
  return array;
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  FinalTable table{.title = kTitle, .columns = comparison.silos, .rows_tested = comparison.test_rows, .rows = {}};
  table.columns.push_back("all");
  table.rows_tested.push_back(
      std::accumulate(comparison.test_rows.begin(), comparison.test_rows.end(), std::size_t{0}));
  table.rows = {table_row("federated", comparison.federated, table.columns.size()),
                table_row("own data only", comparison.own, table.columns.size()),
                table_row("pooled (not private)", comparison.pooled, table.columns.size())};
  std::string text = final_table_text(table);
  if (const auto& difference = comparison.federated_minus_pooled)
    text += fmt::format("federated minus pooled, all rows: {:+.3f} (95 % interval {:+.3f} to {:+.3f})\n",
                        difference->value, difference->low, difference->high);
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  nlohmann::json json = {{"metric", "auc"},
                         {"silos", comparison.silos},
                         {"test_rows", comparison.test_rows},
                         {"federated", cells_json(comparison.federated)},
                         {"own", cells_json(comparison.own)},
                         {"pooled", cells_json(comparison.pooled)}};
  if (const auto& difference = comparison.federated_minus_pooled)
    json["federated_minus_pooled"] = {{"auc", difference->value}, {"low", difference->low}, {"high", difference->high}};
  return json.dump(2) + "\n";
}

std::string own_columns_text(Job& job, const TrainedModel& trained, const std::vector<std::string>& silo_names) {
  FinalTable table{.title = kTitle, .columns = {}, .rows_tested = {}, .rows = {{.label = "federated", .cells = {}}}};
  for (std::size_t i = 0; i < job.hosted().size(); ++i) {
    const RowSet& test = job.dataset(i).test();
    table.columns.push_back(silo_names.at(job.hosted()[i].value));
    table.rows_tested.push_back(test.rows);
    const std::vector<float> ranked = scores(job.model(), trained.best.parameters, test, job.schema().task);
    RankedCell cell{.auc = {}, .refusal = ranking_refusal(ranked, test.y, job.schema().class_names)};
    if (cell.refusal.empty()) cell.auc = auc(ranked, test.y);
    table.rows.front().cells.push_back(table_cell(cell));
  }
  return final_table_text(table);
}

}  // namespace crossilo
