#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "../silo/row_losses.hpp"
#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/data/standardise.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/text.hpp"
#include "crossilo/silo/ranking_metrics.hpp"
#include "saved_model.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "evaluate",
    .usage =
        "Usage: crossilo evaluate MODEL FILE... [--train_rows] [--json]\n"
        "MODEL: a run folder or a .safetensors file. FILE: silo files, whose test rows are evaluated.\n"
        "Of several files, the last line has the test rows of all. AUC is exact, with its 95 % interval;\n"
        "RMSE is in the target's own unit.\n\n",
    .example = "\nExample: crossilo evaluate runs/heart-1 data/heart/*.h5\n",
    .positional = {"MODEL", "FILE"}};

/// What one set of rows gave. Empty: does not apply, or no rows.
struct Metrics {
  std::string file;
  const char* set = "test";
  std::size_t rows = 0;
  std::optional<double> loss;  // mean; of a regression that of the scaled target, as in training
  std::optional<double> accuracy;
  std::optional<RankingEstimate> auc;
  std::string no_auc;  // the reason
  std::optional<double> rmse;
  std::optional<double> r2;
};

/// RMSE and the share of the target's variance that is explained, in the target's own unit.
void add_errors(const SavedModel& model, std::span<const float> outputs, std::span<const float> y, Metrics& metrics) {
  double sum = 0.0;
  for (const float target : y) sum += static_cast<double>(target);
  const double mean = sum / static_cast<double>(y.size());
  double errors = 0.0;
  double deviations = 0.0;
  for (std::size_t row = 0; row < y.size(); ++row) {
    const auto target = static_cast<double>(y[row]);
    errors += std::pow(model.in_target_unit(static_cast<double>(outputs[row])) - target, 2);
    deviations += std::pow(target - mean, 2);
  }
  metrics.rmse = std::sqrt(errors / static_cast<double>(y.size()));
  if (deviations > 0.0) metrics.r2 = 1.0 - errors / deviations;
}

Metrics metrics_of(SavedModel& model, const std::string& file, const char* set, RowSet rows) {
  Metrics metrics{.file = file, .set = set, .rows = rows.rows};
  if (rows.rows == 0) return metrics;
  const Task task = model.schema.task;
  const std::vector<float> outputs = model.outputs_for(std::move(rows.x));
  if (task == Task::binary) {
    metrics.no_auc = ranking_refusal(outputs, rows.y, model.schema.class_names);
    if (metrics.no_auc.empty()) metrics.auc = auc(outputs, rows.y);
  }
  if (task == Task::regression) {
    add_errors(model, outputs, rows.y, metrics);
    for (float& y : rows.y) y = standardised(y, model.scaling.target_mean, model.scaling.target_standard_deviation);
  }
  EvaluationSums sums;
  add_row_losses(task, outputs, rows.y, sums);
  metrics.loss = sums.loss / sums.rows;
  if (task != Task::regression) metrics.accuracy = sums.correct / sums.rows;
  return metrics;
}

void append(RowSet& to, const RowSet& from) {
  to.x.insert(to.x.end(), from.x.begin(), from.x.end());
  to.y.insert(to.y.end(), from.y.begin(), from.y.end());
  to.rows += from.rows;
}

template <class Value>
nlohmann::ordered_json json_of(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json to_json(const Metrics& metrics, Task task) {
  nlohmann::ordered_json json = {
      {"file", metrics.file}, {"set", metrics.set}, {"rows", metrics.rows}, {"loss", json_of(metrics.loss)}};
  if (task != Task::regression) json["accuracy"] = json_of(metrics.accuracy);
  if (task == Task::binary) {
    json["auc"] = metrics.auc ? nlohmann::ordered_json(metrics.auc->value) : nlohmann::ordered_json(nullptr);
    if (metrics.auc) json["auc_low"] = metrics.auc->low, json["auc_high"] = metrics.auc->high;
    if (!metrics.no_auc.empty()) json["auc_reason"] = metrics.no_auc;
  }
  if (task == Task::regression) json["rmse"] = json_of(metrics.rmse), json["r2"] = json_of(metrics.r2);
  return json;
}

std::string number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "–";
}

std::string auc_text(const Metrics& metrics) {
  if (!metrics.auc) return metrics.no_auc.empty() ? "–" : "– " + metrics.no_auc;
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", metrics.auc->value, metrics.auc->low, metrics.auc->high);
}

std::string table_text(const std::vector<Metrics>& all, Task task) {
  std::size_t width = 4;
  for (const Metrics& metrics : all) width = std::max(width, display_width(metrics.file));
  const bool is_regression = task == Task::regression;
  std::string text = padded_right("file", width) + "  set      rows    loss  " +
                     (is_regression          ? "      RMSE      R²\n"
                      : task == Task::binary ? "accuracy  AUC (95 % interval)\n"
                                             : "accuracy\n");
  for (const Metrics& metrics : all) {
    text += fmt::format("{}  {:<5} {:>7}  {}  ", padded_right(metrics.file, width), metrics.set, metrics.rows,
                        padded_left(number(metrics.loss, "{:.4f}"), 6));
    if (is_regression)
      text += padded_left(number(metrics.rmse, "{:.4g}"), 10) + "  " + padded_left(number(metrics.r2, "{:.3f}"), 6);
    else
      text += padded_left(number(metrics.accuracy, "{:.3f}"), 8);
    if (task == Task::binary) text += "  " + auc_text(metrics);
    text += "\n";
  }
  return text;
}

}  // namespace

int run_evaluate(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("train_rows", "evaluate the rows of train/ too")("json", "print a JSON array");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const TorchSession torch;
  SavedModel model = read_saved_model((*values)["MODEL"].as<std::vector<std::string>>().front());
  std::vector<Metrics> all;
  RowSet of_all_files;
  const auto& files = (*values)["FILE"].as<std::vector<std::string>>();
  for (const std::string& file : files) {
    SiloData data = read_fitting_silo_file(file, model);
    append(of_all_files, data.test);
    all.push_back(metrics_of(model, file, "test", std::move(data.test)));
    if (values->count("train_rows") > 0) all.push_back(metrics_of(model, file, "train", std::move(data.train)));
  }
  if (files.size() > 1) all.push_back(metrics_of(model, "all", "test", std::move(of_all_files)));
  if (values->count("json") > 0) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Metrics& metrics : all) json.push_back(to_json(metrics, model.schema.task));
    std::cout << json_text(json);
  } else {
    std::cout << table_text(all, model.schema.task);
  }
  return 0;
}

}  // namespace crossilo
