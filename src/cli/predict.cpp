#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/cli/model_commands.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "feature_rows.hpp"
#include "saved_model.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "predict",
    .usage =
        "Usage: crossilo predict MODEL FILE [-o OUT.csv] [options]\n"
        "MODEL: a run folder or a .safetensors file. FILE: a CSV with the model's columns, by name and in any order\n"
        "(others are not read), or a silo file. Writes row, prediction and the probability of each class.\n\n",
    .example = "\nExample: crossilo predict runs/heart-1 patients.csv -o predictions.csv\n",
    .positional = {"MODEL", "FILE"}};

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("output,o", po::value<std::string>()->value_name("FILE"), "where to write; else to the screen");
  add("keep", po::value<std::string>()->value_name("A,B,..."), "columns of the CSV that the output shows too");
  add("separator", po::value<char>()->default_value(','), "what stands between fields of the CSV");
  add("columns", po::value<std::string>()->value_name("A,B,..."), "column names, for a CSV without a header");
  add("missing", po::value<std::vector<std::string>>()->value_name("COLUMN=MARK"),
      "what means missing in one column; repeatable");
  add("missing_mark", po::value<std::vector<std::string>>()->value_name("MARK"),
      "what means missing in every column; repeatable");
  return options;
}

std::vector<std::string> texts(const po::variables_map& values, const char* name) {
  return values.count(name) > 0 ? values[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::vector<MissingMark> missing_marks(const po::variables_map& values) {
  std::vector<MissingMark> marks;
  for (const std::string& mark : texts(values, "missing_mark")) marks.push_back({"", mark});
  for (const std::string& entry : texts(values, "missing")) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw ConfigError(fmt::format("predict: missing = \"{}\": COLUMN=MARK is wanted", entry));
    marks.push_back({entry.substr(0, equals), entry.substr(equals + 1)});
  }
  return marks;
}

/// Unscaled rows, and cells of other columns that the output is to have.
struct Rows {
  std::vector<float> x;
  std::vector<std::string> kept_columns;
  std::vector<std::vector<std::string>> kept;  // of each row
};

/// Of a silo file the rows of train/, then those of test/.
Rows read_rows(const std::string& path, const SavedModel& model, const po::variables_map& values) {
  Rows rows;
  if (values.count("keep") > 0) rows.kept_columns = parts_of(values["keep"].as<std::string>(), ',');
  if (is_hdf5_file(path)) {
    if (!rows.kept_columns.empty())
      throw ConfigError(
          fmt::format("predict: --keep has no meaning here: {} is a silo file, which has features alone", path));
    SiloData data = read_fitting_silo_file(path, model);
    data.train.x.insert(data.train.x.end(), data.test.x.begin(), data.test.x.end());
    rows.x = std::move(data.train.x);
    return rows;
  }
  CsvOptions csv{.columns = {}, .separator = values["separator"].as<char>()};
  if (values.count("columns") > 0)
    csv.columns = parse_csv(values["columns"].as<std::string>(), ',', "columns").at(0).fields;
  const CsvTable table = read_csv(path, csv);
  rows.x = feature_rows(table, model.schema.feature_names, missing_marks(values));
  std::vector<std::size_t> indices;
  for (const std::string& column : rows.kept_columns) indices.push_back(table.column(column));
  rows.kept.resize(table.rows.size());
  for (std::size_t row = 0; row < table.rows.size(); ++row)
    for (const std::size_t index : indices) rows.kept[row].push_back(table.rows[row].fields[index]);
  return rows;
}

/// As RFC 4180 wants it.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

/// Probability of each class. Shapes: logits one (binary) or one a class.
std::vector<double> probabilities(std::span<const float> logits) {
  if (logits.size() == 1) {
    const double positive = 1.0 / (1.0 + std::exp(-static_cast<double>(logits.front())));
    return {1.0 - positive, positive};
  }
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  std::vector<double> result;
  double sum = 0.0;
  for (const float logit : logits) sum += result.emplace_back(std::exp(static_cast<double>(logit) - largest));
  for (double& value : result) value /= sum;
  return result;
}

std::string predictions_text(const SavedModel& model, const Rows& rows, std::span<const float> outputs) {
  const std::vector<std::string>& classes = model.schema.class_names;
  std::string text = "row";
  for (const std::string& column : rows.kept_columns) text += "," + csv_field(column);
  text += ",prediction";
  for (const std::string& name : classes) text += "," + csv_field("probability " + name);
  text += "\n";
  const std::size_t width = model.model.spec().outputs;
  for (std::size_t row = 0; row * width < outputs.size(); ++row) {
    const auto of_row = outputs.subspan(row * width, width);
    text += std::to_string(row + 1);
    if (!rows.kept.empty())
      for (const std::string& cell : rows.kept[row]) text += "," + csv_field(cell);
    if (classes.empty()) {
      text += fmt::format(",{:.9g}\n", model.in_target_unit(static_cast<double>(of_row.front())));
      continue;
    }
    const std::vector<double> shares = probabilities(of_row);
    // The first of equal ones, as everywhere: a logit of 0 is the negative class.
    const auto best = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
    text += "," + csv_field(classes[best]);
    for (const double share : shares) text += fmt::format(",{:.6g}", share);
    text += "\n";
  }
  return text;
}

}  // namespace

int run_predict(int argc, char** argv) {
  const auto values = parse_command_line(kText, option_list(), argc, argv);
  if (!values) return 0;
  const std::vector<std::string> files = texts(*values, "FILE");
  if (files.size() != 1) throw ConfigError(fmt::format("predict: {} files are given, one is wanted", files.size()));
  std::error_code error;  // a file that is not there yet is no other's name
  if (values->count("output") > 0 &&
      std::filesystem::equivalent((*values)["output"].as<std::string>(), files.front(), error))
    throw ConfigError(fmt::format("predict: output = \"{}\" is the file that is read", files.front()));
  const TorchSession torch;
  SavedModel model = read_saved_model(texts(*values, "MODEL").front());
  const Rows rows = read_rows(files.front(), model, *values);
  const std::vector<float> outputs = model.outputs_for(rows.x);
  const std::string text = predictions_text(model, rows, outputs);
  if (values->count("output") == 0)
    std::cout << text << std::flush;
  else
    write_file_atomically((*values)["output"].as<std::string>(), text);
  if (!std::cout) throw StorageError("predict: the output cannot be written");
  return 0;
}

}  // namespace crossilo
