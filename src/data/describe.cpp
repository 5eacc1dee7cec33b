#include "crossilo/data/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "crossilo/base/text.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

/// "cp" for "cp=1": one-hot columns are missing together.
std::string source_column(const std::string& feature) { return feature.substr(0, feature.find('=')); }

std::vector<MissingCount> missing_counts(const SiloData& data) {
  const std::size_t features = data.schema.feature_names.size();
  std::vector<std::size_t> rows(features, 0);
  for (const RowSet* set : {&data.train, &data.test})
    for (std::size_t i = 0; i < set->x.size(); ++i) rows[i % features] += std::isnan(set->x[i]) ? 1 : 0;
  std::vector<MissingCount> counts;
  for (std::size_t i = 0; i < features; ++i) {
    const std::string column = source_column(data.schema.feature_names[i]);
    if (counts.empty() || counts.back().column != column) counts.push_back({column, 0});
    counts.back().rows = std::max(counts.back().rows, rows[i]);
  }
  return counts;
}

class Table {
 public:
  explicit Table(std::span<const SiloDescription> silos) : silos_(silos) {}

  using Cell = std::function<std::string(const SiloDescription&)>;
  void line(const std::string& title, const Cell& cell) {
    std::vector<std::string> cells{title};
    for (const SiloDescription& silo : silos_) cells.push_back(cell(silo));
    lines_.push_back(std::move(cells));
  }
  void titles() {
    std::vector<std::string> paths;
    for (const SiloDescription& silo : silos_) paths.push_back(silo.path);
    lines_.push_back(file_titles(paths));
    lines_.back().insert(lines_.back().begin(), "");
  }
  void heading(const std::string& text) { lines_.push_back({text}); }

  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> width(silos_.size() + 1, 0);
    for (const auto& line : lines_)
      for (std::size_t i = 0; i < line.size() && line.size() > 1; ++i)
        width[i] = std::max(width[i], display_width(line[i]));
    std::string text;
    for (const auto& line : lines_) {
      text += padded_right(line.front(), line.size() > 1 ? width.front() : 0);
      for (std::size_t i = 1; i < line.size(); ++i) text += "  " + padded_left(line[i], width[i]);
      text += '\n';
    }
    return text;
  }

 private:
  std::span<const SiloDescription> silos_;
  std::vector<std::vector<std::string>> lines_;
};

std::size_t missing_rows(const SiloDescription& silo, const std::string& column) {
  for (const MissingCount& count : silo.missing)
    if (count.column == column) return count.rows;
  return 0;
}

void add_labels(Table& table, const SiloSchema& schema) {
  if (schema.task == Task::regression)
    table.line("label, mean", [](const SiloDescription& silo) -> std::string {
      return silo.schema.task == Task::regression ? fmt::format("{:.4g}", silo.label_mean) : "–";
    });
  const std::size_t first = schema.task == Task::binary ? 1 : 0;  // the negative class is the rest
  for (std::size_t i = first; i < schema.class_names.size(); ++i)
    table.line("share of \"" + schema.class_names[i] + "\"", [&, i](const SiloDescription& silo) -> std::string {
      if (silo.schema.class_names != schema.class_names) return "–";
      return fmt::format(
          "{:.3f}", static_cast<double>(silo.rows_of_class[i]) / static_cast<double>(silo.train_rows + silo.test_rows));
    });
}

void add_missing(Table& table, std::span<const SiloDescription> silos) {
  std::vector<std::string> columns;
  for (const MissingCount& count : silos.front().missing) {
    const bool is_missing = std::any_of(
        silos.begin(), silos.end(), [&](const SiloDescription& silo) { return missing_rows(silo, count.column) > 0; });
    if (is_missing) columns.push_back(count.column);
  }
  if (columns.empty()) return table.heading("no value is missing");
  table.heading("rows in which a value is missing");
  for (const std::string& column : columns)
    table.line("  " + column, [&](const SiloDescription& silo) { return std::to_string(missing_rows(silo, column)); });
  if (columns.size() < silos.front().missing.size()) table.heading("  none in the other columns");
}

}  // namespace

SiloDescription describe_silo_file(const std::string& path) {
  SiloData data = read_silo_file(path);
  SiloDescription silo;
  silo.path = path;
  silo.origin = data.origin;
  silo.digest = data.digest;
  silo.train_rows = data.train.rows;
  silo.test_rows = data.test.rows;
  silo.missing = missing_counts(data);
  silo.rows_of_class.assign(data.schema.class_names.size(), 0);
  for (const RowSet* set : {&data.train, &data.test}) {
    if (data.schema.task == Task::regression)
      silo.label_mean += std::accumulate(set->y.begin(), set->y.end(), 0.0);
    else
      for (const float y : set->y) ++silo.rows_of_class[static_cast<std::size_t>(y)];
  }
  silo.label_mean /= static_cast<double>(silo.train_rows + silo.test_rows);
  silo.schema = std::move(data.schema);
  return silo;
}

std::string description_table(std::span<const SiloDescription> silos) {
  Table table(silos);
  table.titles();
  table.line("rows to train on", [](const SiloDescription& silo) { return std::to_string(silo.train_rows); });
  table.line("rows to test on", [](const SiloDescription& silo) { return std::to_string(silo.test_rows); });
  table.line("columns", [](const SiloDescription& silo) { return std::to_string(silo.schema.feature_names.size()); });
  add_labels(table, silos.front().schema);
  add_missing(table, silos);
  return table.text();
}

std::string description_differences(std::span<const SiloDescription> silos) {
  std::string lines;
  for (const SiloDescription& silo : silos.subspan(1)) {
    const std::string difference = schema_difference(silo.schema, silos.front().schema);
    if (!difference.empty()) lines += fmt::format("{}: {}\n", silo.path, difference);
  }
  return lines;
}

}  // namespace crossilo
