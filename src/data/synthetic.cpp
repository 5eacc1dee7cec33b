#include "crossilo/data/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "crossilo/data/partition.hpp"
#include "crossilo/data/seeded_stream.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kFeatures = 60;
constexpr std::size_t kClasses = 10;
constexpr double kRowsMax = 100000.0;

/// What makes the rows of one silo.
struct Source {
  std::array<double, kFeatures * kClasses> weight{};  // one row a class
  std::array<double, kClasses> bias{};
  std::array<double, kFeatures> mean{};
};

Source draw_source(SeededStream& stream, const SyntheticOptions& options) {
  const double model_mean = options.alpha * stream.normal();
  const double feature_mean = options.beta * stream.normal();
  Source source;
  for (double& weight : source.weight) weight = model_mean + stream.normal();
  for (double& bias : source.bias) bias = model_mean + stream.normal();
  for (double& mean : source.mean) mean = feature_mean + stream.normal();
  return source;
}

/// j^-0.6, the root of the j-th variance. As float, so that a library's last bit does not matter.
std::array<float, kFeatures> deviations() {
  std::array<float, kFeatures> result{};
  for (std::size_t j = 0; j < kFeatures; ++j)
    result[j] = static_cast<float>(std::pow(static_cast<double>(j + 1), -0.6));
  return result;
}

std::size_t label_of(const Source& source, const std::array<float, kFeatures>& x) {
  std::array<double, kClasses> score = source.bias;
  for (std::size_t c = 0; c < kClasses; ++c)
    for (std::size_t j = 0; j < kFeatures; ++j)
      score[c] += source.weight[c * kFeatures + j] * static_cast<double>(x[j]);
  return static_cast<std::size_t>(std::max_element(score.begin(), score.end()) - score.begin());
}

RowSet draw_rows(const Source& source, std::size_t rows, SeededStream& stream) {
  static const std::array<float, kFeatures> deviation = deviations();
  RowSet set;
  std::array<float, kFeatures> x{};
  for (; set.rows < rows; ++set.rows) {
    for (std::size_t j = 0; j < kFeatures; ++j)
      x[j] = static_cast<float>(source.mean[j] + static_cast<double>(deviation[j]) * stream.normal());
    set.x.insert(set.x.end(), x.begin(), x.end());
    set.y.push_back(static_cast<float>(label_of(source, x)));
  }
  return set;
}

SiloSchema synthetic_schema() {
  SiloSchema schema;
  schema.task = Task::multiclass;
  schema.sample_shape = {kFeatures};
  for (std::size_t j = 1; j <= kFeatures; ++j) schema.feature_names.push_back(fmt::format("x{}", j));
  for (std::size_t c = 0; c < kClasses; ++c) schema.class_names.push_back(std::to_string(c));
  return schema;
}

/// Makes some of the rows to train on rows to test on, of each class alike.
void set_test_rows_apart(SiloData& data, const SplitOptions& split) {
  const std::vector<std::size_t> classes(data.train.y.begin(), data.train.y.end());
  std::vector<std::uint64_t> each_alone(data.train.rows);
  std::iota(each_alone.begin(), each_alone.end(), 0);
  const std::vector<bool> is_test = split_rows(classes, each_alone, split);
  const Partition partition{{is_test.begin(), is_test.end()}, {}};
  RowSet test = part_of(data, partition, 1).train;
  data.train = part_of(data, partition, 0).train;
  data.test = std::move(test);
}

}  // namespace

std::vector<SiloData> synthetic_silos(const SyntheticOptions& options) {
  std::vector<SiloData> silos;
  for (std::size_t k = 0; k < options.silos; ++k) {
    SeededStream stream(options.split.seed, k);
    const double rows = std::min(50.0 + std::floor(std::exp(4.0 + 2.0 * stream.normal())), kRowsMax);
    const Source source = draw_source(stream, options);
    SiloData data;
    data.schema = synthetic_schema();
    data.origin = fmt::format("made: FedProx synthetic({}, {}), seed {}, silo {}", options.alpha, options.beta,
                              options.split.seed, k);
    data.train = draw_rows(source, static_cast<std::size_t>(rows), stream);
    set_test_rows_apart(data, options.split);
    silos.push_back(std::move(data));
  }
  return silos;
}

}  // namespace crossilo
