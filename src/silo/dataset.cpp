#include "crossilo/silo/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "shuffle.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kHeldBackPercent = 15;

void check_targets(const RowSet& set, const char* name, const SiloSchema& schema, SiloId silo) {
  CROSSILO_ASSERT(set.y.size() == set.rows && set.x.size() == set.rows * schema.feature_names.size());
  const auto classes = static_cast<float>(schema.class_names.size());
  for (std::size_t row = 0; row < set.rows; ++row) {
    const float y = set.y[row];
    const bool is_class = y >= 0.0f && y < classes && y == std::floor(y);
    if (schema.task == Task::regression ? std::isfinite(y) : is_class) continue;
    throw DataError("silo " + std::to_string(silo.value) + ": " + name + "/y, row " + std::to_string(row) + " is " +
                    std::to_string(y) + "; expected " +
                    (schema.task == Task::regression
                         ? std::string("a finite number")
                         : "a class index below " + std::to_string(schema.class_names.size())));
  }
}

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

/// Calls visit(column, value) for every value of the set, row by row.
template <class Set, class Visit>
void for_each_value(Set& set, std::size_t features, const Visit& visit) {
  auto* x = set.x.data();
  for (std::size_t row = 0; row < set.rows; ++row)
    for (std::size_t column = 0; column < features; ++column) visit(column, *x++);
}

void scale(RowSet& set, const Scaling& scaling) {
  for_each_value(set, scaling.mean.size(), [&](std::size_t column, float& x) {
    const double deviation = scaling.standard_deviation[column];
    const double centred = static_cast<double>(x) - scaling.mean[column];
    x = std::isnan(x) ? 0.0f : static_cast<float>(centred / (deviation > 0.0 ? deviation : 1.0));
  });
}

}  // namespace

Dataset::Dataset(SiloData data, const PublicRoot& root, SiloId silo)
    : schema_(std::move(data.schema)), test_(std::move(data.test)) {
  CROSSILO_ASSERT(features() > 0);
  check_targets(data.train, "train", schema_, silo);
  check_targets(test_, "test", schema_, silo);
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

void Dataset::column_sums(std::span<double> sums, std::span<double> counts) const {
  CROSSILO_ASSERT(sums.size() == features() && counts.size() == features() && !is_scaled_);
  std::ranges::fill(sums, 0.0);
  std::ranges::fill(counts, 0.0);
  for_each_value(fit_, features(), [&](std::size_t column, float x) {
    if (std::isnan(x)) return;
    sums[column] += static_cast<double>(x);
    counts[column] += 1.0;
  });
}

void Dataset::column_centred_squares(std::span<const double> mean, std::span<double> squares) const {
  CROSSILO_ASSERT(mean.size() == features() && squares.size() == features() && !is_scaled_);
  std::ranges::fill(squares, 0.0);
  for_each_value(fit_, features(), [&](std::size_t column, float x) {
    if (std::isnan(x)) return;
    const double centred = static_cast<double>(x) - mean[column];
    squares[column] += centred * centred;
  });
}

void Dataset::apply(const Scaling& scaling) {
  CROSSILO_ASSERT(scaling.mean.size() == features() && scaling.standard_deviation.size() == features());
  CROSSILO_ASSERT(!is_scaled_);
  for (RowSet* set : {&fit_, &held_back_, &test_}) scale(*set, scaling);
  is_scaled_ = true;
}

}  // namespace crossilo
