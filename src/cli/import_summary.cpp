#include "import_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kNamesShown = 12;

std::string listed(std::vector<std::string> names) {
  if (names.size() <= kNamesShown) return fmt::format("{}", fmt::join(names, ", "));
  const std::size_t more = names.size() - kNamesShown;
  names.resize(kNamesShown);
  return fmt::format("{} and {} more", fmt::join(names, ", "), more);
}

std::vector<float> labels_of(const std::vector<ImportedSilo>& silos) {
  std::vector<float> labels;
  for (const ImportedSilo& silo : silos)
    for (const RowSet* set : {&silo.data.train, &silo.data.test})
      labels.insert(labels.end(), set->y.begin(), set->y.end());
  return labels;
}

}  // namespace

std::string import_summary(const std::vector<ImportedSilo>& silos) {
  const SiloSchema& schema = silos.front().data.schema;
  const std::vector<float> labels = labels_of(silos);
  const auto rows = static_cast<double>(labels.size());
  std::vector<std::string> parts;
  if (schema.task == Task::regression)
    parts.push_back(fmt::format("mean {:.4g}", std::accumulate(labels.begin(), labels.end(), 0.0) / rows));
  // Of two classes the negative one is the rest.
  for (std::size_t c = schema.task == Task::binary ? 1 : 0; c < schema.class_names.size(); ++c)
    parts.push_back(fmt::format("\"{}\" {:.3f}", schema.class_names[c],
                                static_cast<double>(std::ranges::count(labels, static_cast<float>(c))) / rows));
  return fmt::format("features: {}\nlabel: {} of {} rows\n", listed(schema.feature_names), listed(std::move(parts)),
                     labels.size());
}

void require_two_classes(const std::vector<ImportedSilo>& silos) {
  const SiloSchema& schema = silos.front().data.schema;
  const std::vector<float> labels = labels_of(silos);
  if (schema.task == Task::regression || std::ranges::any_of(labels, [&](float y) { return y != labels.front(); }))
    return;
  throw DataError(
      fmt::format("label: all {} rows are \"{}\", so there is nothing to learn; look at --label and --classes",
                  labels.size(), schema.class_names[static_cast<std::size_t>(labels.front())]));
}

}  // namespace crossilo
