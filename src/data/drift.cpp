#include "crossilo/data/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "crossilo/base/text.hpp"
#include "silo_layout.hpp"

namespace crossilo {
namespace {

constexpr double kLargest = 99.0;
constexpr std::size_t kSilosShown = 6;
constexpr std::size_t kLinesShown = 16;

bool is_share(Quantity::Kind kind) { return kind == Quantity::Kind::label_share || kind == Quantity::Kind::missing; }

/// Of two classes the negative one is the rest.
std::size_t first_class(const SiloSchema& schema) { return schema.task == Task::binary ? 1 : 0; }

void add_row(const SiloSchema& schema, const RowSet& set, std::size_t row, std::vector<Moments>& moments) {
  auto next = moments.begin();
  if (schema.task == Task::regression)
    (next++)->add(static_cast<double>(set.y[row]));
  else
    for (std::size_t c = first_class(schema); c < schema.class_names.size(); ++c)
      (next++)->add(static_cast<std::size_t>(set.y[row]) == c ? 1.0 : 0.0);
  const std::size_t features = schema.feature_names.size();
  for (std::size_t j = 0; j < features; ++j) {
    const float value = set.x[row * features + j];
    const bool is_missing = std::isnan(value);
    if (!is_missing) next->add(static_cast<double>(value));
    ++next;
    (next++)->add(is_missing ? 1.0 : 0.0);
  }
}

std::optional<double> difference(const Moments& here, const Moments& others) {
  if (here.count == 0.0 || others.count == 0.0) return std::nullopt;
  const double distance = here.mean - others.mean;
  const double deviation = std::sqrt((here.variance() + others.variance()) / 2.0);
  // Computed means of equal constants differ by rounding alone.
  if (std::abs(distance) <= 1e-9 * std::max(std::abs(here.mean), std::abs(others.mean))) return 0.0;
  if (std::abs(distance) >= kLargest * deviation) return std::copysign(kLargest, distance);
  return distance / deviation;
}

Drift drift_in(const Quantity& quantity, std::size_t index, std::span<const SiloMoments> silos) {
  Drift drift{quantity, {}, {}, 0.0};
  for (const SiloMoments& silo : silos) drift.silos.push_back(silo.moments[index]);
  // All others of silo i are those before it and those after it, so 2n unions do, not n^2.
  std::vector<Moments> after(silos.size() + 1);
  for (std::size_t i = silos.size(); i-- > 0;) after[i] = united(drift.silos[i], after[i + 1]);
  Moments before;
  for (std::size_t i = 0; i < silos.size(); ++i) {
    drift.differences.push_back(difference(drift.silos[i], united(before, after[i + 1])));
    drift.worst = std::max(drift.worst, std::abs(drift.differences.back().value_or(0.0)));
    before = united(before, drift.silos[i]);
  }
  return drift;
}

/// The silos with the largest differences, in the order in which they were given.
std::vector<std::size_t> silos_to_show(std::span<const Drift> drifts, std::size_t silos) {
  std::vector<double> worst(silos, 0.0);
  for (const Drift& drift : drifts)
    for (std::size_t i = 0; i < silos; ++i) worst[i] = std::max(worst[i], std::abs(drift.differences[i].value_or(0.0)));
  std::vector<std::size_t> order(silos);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return worst[a] > worst[b]; });
  order.resize(std::min(silos, kSilosShown));
  std::sort(order.begin(), order.end());
  return order;
}

std::string title_of(const Quantity& quantity) {
  switch (quantity.kind) {
    case Quantity::Kind::label_share:
      return fmt::format("share of \"{}\"", quantity.name);
    case Quantity::Kind::label_mean:
      return "label";
    case Quantity::Kind::missing:
      return quantity.name + ", missing";
    case Quantity::Kind::value:
      break;
  }
  return quantity.name;
}

std::string cell_of(const Drift& drift, std::size_t silo) {
  const Moments& moments = drift.silos[silo];
  if (moments.count == 0.0) return "-";
  const bool is_worst = drift.worst > 0.0 && std::abs(drift.differences[silo].value_or(0.0)) == drift.worst;
  const char* const mark = is_worst ? "*" : " ";
  if (is_share(drift.quantity.kind)) return fmt::format("{:.3f}{}", moments.mean, mark);
  return fmt::format("{:.3g}±{:.2g}{}", moments.mean, std::sqrt(moments.variance()), mark);
}

using Cells = std::vector<std::string>;

std::string aligned(const std::vector<Cells>& lines) {
  std::vector<std::size_t> width(lines.front().size(), 0);
  for (const Cells& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], display_width(line[i]));
  std::string text;
  for (const Cells& line : lines) {
    text += padded_right(line.front(), width.front());
    for (std::size_t i = 1; i < line.size(); ++i) text += padded_left(line[i], 2 + width[i]);
    text += '\n';
  }
  return text;
}

}  // namespace

void Moments::add(double value) {
  count += 1.0;
  const double distance = value - mean;
  mean += distance / count;
  squares += distance * (value - mean);
}

Moments united(const Moments& a, const Moments& b) {
  if (a.count == 0.0) return b;
  if (b.count == 0.0) return a;
  const double count = a.count + b.count;
  const double distance = b.mean - a.mean;
  return {count, a.mean + distance * b.count / count,
          a.squares + b.squares + distance * distance * a.count * b.count / count};
}

std::vector<Quantity> quantities_of(const SiloSchema& schema) {
  std::vector<Quantity> quantities;
  if (schema.task == Task::regression) quantities.push_back({Quantity::Kind::label_mean, "label"});
  for (std::size_t c = first_class(schema); c < schema.class_names.size(); ++c)
    quantities.push_back({Quantity::Kind::label_share, schema.class_names[c]});
  for (const std::string& name : schema.feature_names) {
    quantities.push_back({Quantity::Kind::value, name});
    quantities.push_back({Quantity::Kind::missing, name});
  }
  return quantities;
}

SiloMoments moments_of(const std::string& path) {
  SiloData data = read_silo_file(path);
  SiloMoments silo{path, {}, data.train.rows, data.test.rows, {}};
  silo.moments.resize(quantities_of(data.schema).size());
  for (const RowSet* set : {&data.train, &data.test})
    for (std::size_t row = 0; row < set->rows; ++row) add_row(data.schema, *set, row, silo.moments);
  silo.schema = std::move(data.schema);
  return silo;
}

std::vector<Drift> drift_of(std::span<const SiloMoments> silos) {
  std::vector<Drift> drifts;
  if (silos.empty()) return drifts;
  const auto quantities = quantities_of(silos.front().schema);
  for (std::size_t i = 0; i < quantities.size(); ++i) drifts.push_back(drift_in(quantities[i], i, silos));
  std::stable_sort(drifts.begin(), drifts.end(), [](const Drift& a, const Drift& b) { return a.worst > b.worst; });
  return drifts;
}

std::string drift_table(std::span<const SiloMoments> silos, std::span<const Drift> drifts) {
  const auto shown = silos_to_show(drifts, silos.size());
  std::size_t train_rows = 0, test_rows = 0;
  for (const SiloMoments& silo : silos) {
    train_rows += silo.train_rows;
    test_rows += silo.test_rows;
  }
  std::string text = fmt::format("{} files, one schema: {} columns, {} rows to train on, {} to test on\n", silos.size(),
                                 silos.front().schema.feature_names.size(), train_rows, test_rows);
  if (shown.size() < silos.size())
    text += fmt::format("The {} silos that differ most; --json has all.\n", shown.size());

  std::vector<std::string> paths;
  for (const SiloMoments& silo : silos) paths.push_back(silo.path);
  const std::vector<std::string> titles = file_titles(paths);
  std::vector<Cells> lines = {{"", "difference"}, {"rows", ""}};
  for (const std::size_t i : shown) {
    lines[0].push_back(titles[i] + " ");
    lines[1].push_back(std::to_string(silos[i].train_rows + silos[i].test_rows) + " ");
  }
  const auto differing = static_cast<std::size_t>(
      std::count_if(drifts.begin(), drifts.end(), [](const Drift& drift) { return drift.worst > 0.0; }));
  for (const Drift& drift : drifts.first(std::min(differing, kLinesShown))) {
    lines.push_back({title_of(drift.quantity), fmt::format("{:.2f}", drift.worst)});
    for (const std::size_t i : shown) lines.back().push_back(cell_of(drift, i));
  }
  text += aligned(lines);
  if (differing > kLinesShown)
    text += fmt::format("{} more differ by {:.2f} at most; --json has all.\n", differing - kLinesShown,
                        drifts[kLinesShown].worst);
  text +=
      "difference: of the silo marked *, from all others, in standard deviations (0.2 is small, 0.8 large).\n"
      "A value is mean±standard deviation of what is not missing.\n";
  return text;
}

std::string schema_differences(std::span<const SiloMoments> silos) {
  std::map<Hash256, std::size_t> files_with;
  for (const SiloMoments& silo : silos) ++files_with[schema_hash(silo.schema)];
  const auto most = std::max_element(silos.begin(), silos.end(), [&](const SiloMoments& a, const SiloMoments& b) {
    return files_with[schema_hash(a.schema)] < files_with[schema_hash(b.schema)];
  });
  std::string lines;
  for (const SiloMoments& silo : silos) {
    const std::string difference = schema_difference(silo.schema, most->schema);
    if (!difference.empty()) lines += fmt::format("{}: {}\n", silo.path, difference);
  }
  return lines;
}

}  // namespace crossilo
