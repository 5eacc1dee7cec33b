#include "crossilo/silo/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "crossilo/base/check.hpp"
#include "crossilo/data/standardise.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "shuffle.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kHeldBackPercent = 15;

/// Marks the rows to hold back: every hundred rows along the shuffled classes give 15.
std::vector<bool> choose_held_back(const RowSet& train, Task task, std::mt19937_64& generator) {
  std::vector<std::size_t> order(train.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(std::span(order), generator);
  if (task != Task::regression)
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return train.y[a] < train.y[b]; });
  const auto held_back_before = [](std::size_t rows) { return (rows * kHeldBackPercent + 50) / 100; };
  std::vector<bool> held_back(train.rows);
  for (std::size_t i = 0; i < order.size(); ++i) held_back[order[i]] = held_back_before(i + 1) > held_back_before(i);
  return held_back;
}

RowSet chosen_rows(const RowSet& from, const std::vector<bool>& is_chosen, bool wanted, std::size_t features) {
  RowSet to;
  to.rows = static_cast<std::size_t>(std::ranges::count(is_chosen, wanted));
  to.x.reserve(to.rows * features);
  to.y.reserve(to.rows);
  for (std::size_t row = 0; row < from.rows; ++row) {
    if (is_chosen[row] != wanted) continue;
    const auto x = std::span(from.x).subspan(row * features, features);
    to.x.insert(to.x.end(), x.begin(), x.end());
    to.y.push_back(from.y[row]);
  }
  return to;
}

void append(RowSet& to, const RowSet& from) {
  to.x.insert(to.x.end(), from.x.begin(), from.x.end());
  to.y.insert(to.y.end(), from.y.begin(), from.y.end());
  to.rows += from.rows;
}

/// Calls visit(column, value) for every value of the set, row by row; the target comes last where it is a column.
template <class Visit>
void for_each_value(const RowSet& set, std::size_t features, bool target_is_column, const Visit& visit) {
  const float* x = set.x.data();
  for (std::size_t row = 0; row < set.rows; ++row) {
    for (std::size_t column = 0; column < features; ++column) visit(column, *x++);
    if (target_is_column) visit(features, set.y[row]);
  }
}

void scale(RowSet& set, const Scaling& scaling) {
  float* x = set.x.data();
  for (std::size_t row = 0; row < set.rows; ++row)
    for (std::size_t column = 0; column < scaling.mean.size(); ++column, ++x)
      *x = standardised(*x, scaling.mean[column], scaling.standard_deviation[column]);
}

void scale_target(RowSet& set, const Scaling& scaling) {
  for (float& y : set.y) y = standardised(y, scaling.target_mean, scaling.target_standard_deviation);
}

}  // namespace

Dataset::Dataset(SiloData data, const PublicRoot& root, SiloId silo)
    : schema_(std::move(data.schema)), test_(std::move(data.test)) {
  CROSSILO_ASSERT(features() > 0);
  for (const RowSet* set : {&data.train, &test_})  // whether the labels fit, the reader has checked
    CROSSILO_ASSERT(set->y.size() == set->rows && set->x.size() == set->rows * features());
  std::mt19937_64 generator(
      seed_of(derive(root, PublicPurpose::held_back_rows, {.round = {}, .silo = silo, .parent = {}})));
  const std::vector<bool> is_held_back = choose_held_back(data.train, schema_.task, generator);
  fit_ = chosen_rows(data.train, is_held_back, false, features());
  held_back_ = chosen_rows(data.train, is_held_back, true, features());
}

Dataset Dataset::pooled(const std::vector<const Dataset*>& silos) {
  CROSSILO_ASSERT(!silos.empty());
  Dataset all;
  all.schema_ = silos.front()->schema_;
  for (const Dataset* silo : silos) {
    CROSSILO_ASSERT(silo->schema_ == all.schema_ && !silo->is_scaled_);
    append(all.fit_, silo->fit_);
    append(all.held_back_, silo->held_back_);
    append(all.test_, silo->test_);
  }
  return all;
}

std::vector<std::string> Dataset::scaled_columns() const {
  std::vector<std::string> names = schema_.feature_names;
  if (schema_.task == Task::regression) names.emplace_back("the target");
  return names;
}

std::vector<double> Dataset::class_rows() const {
  std::vector<double> rows(schema_.class_names.size());
  for (std::size_t row = 0; !rows.empty() && row < fit_.rows; ++row)
    rows.at(static_cast<std::size_t>(fit_.y[row])) += 1.0;
  return rows;
}

void Dataset::column_sums(const ColumnSums& out) const {
  CROSSILO_ASSERT(!is_scaled_);
  const bool target_is_column = schema_.task == Task::regression;
  for (const std::span<double> sums : {out.values, out.magnitudes, out.counts}) {
    CROSSILO_ASSERT(sums.size() == features() + target_is_column);
    std::ranges::fill(sums, 0.0);
  }
  for_each_value(fit_, features(), target_is_column, [&](std::size_t column, float x) {
    if (std::isnan(x)) return;
    out.values[column] += static_cast<double>(x);
    out.magnitudes[column] += std::abs(static_cast<double>(x));
    out.counts[column] += 1.0;
  });
}

void Dataset::centred_sums(std::span<const double> centre, const CentredSums& out) const {
  const bool target_is_column = schema_.task == Task::regression;
  CROSSILO_ASSERT(centre.size() == features() + target_is_column && !is_scaled_);
  for (const std::span<double> sums : {out.values, out.squares}) {
    CROSSILO_ASSERT(sums.size() == centre.size());
    std::ranges::fill(sums, 0.0);
  }
  for_each_value(fit_, features(), target_is_column, [&](std::size_t column, float x) {
    if (std::isnan(x)) return;
    const double centred = static_cast<double>(x) - centre[column];
    out.values[column] += centred;
    out.squares[column] += centred * centred;
  });
}

void Dataset::apply(const Scaling& scaling) {
  CROSSILO_ASSERT(scaling.mean.size() == features() && scaling.standard_deviation.size() == features());
  CROSSILO_ASSERT(!is_scaled_);
  for (RowSet* set : {&fit_, &held_back_, &test_}) {
    scale(*set, scaling);
    if (schema_.task == Task::regression) scale_target(*set, scaling);
  }
  scaling_ = scaling;
  is_scaled_ = true;
}

}  // namespace crossilo
