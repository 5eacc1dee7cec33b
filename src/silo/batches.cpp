#include "batches.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

#include "crossilo/base/check.hpp"
#include "shuffle.hpp"

namespace crossilo {
namespace {

std::size_t batches_of(std::size_t rows, const BatchRule& rule) {
  const std::size_t batches = (rows + rule.batch_size - 1) / rule.batch_size;
  const bool joins = rule.joins_single_row && batches > 1 && rows - (batches - 1) * rule.batch_size == 1;
  return joins ? batches - 1 : batches;
}

}  // namespace

Batches::Batches(const RowSet& rows, const BatchRule& rule, std::mt19937_64 generator)
    : rows_(rows), batch_size_(rule.batch_size), in_epoch_(0), generator_(generator), order_(rows.rows) {
  CROSSILO_ASSERT(rows.rows > 0 && rule.batch_size > 0);
  in_epoch_ = batches_of(rows.rows, rule);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  const std::size_t largest = std::min(rule.batch_size + 1, rows.rows);
  x_ = at::empty({static_cast<std::int64_t>(largest), static_cast<std::int64_t>(rows.x.size() / rows.rows)});
  y_.resize(largest);
}

Batches::Batch Batches::next() {
  if (taken_ == 0) shuffle(std::span(order_), generator_);
  const std::size_t first = taken_ * batch_size_;
  const std::size_t count = taken_ + 1 == in_epoch_ ? rows_.rows - first : batch_size_;
  taken_ = (taken_ + 1) % in_epoch_;
  const std::size_t features = rows_.x.size() / rows_.rows;
  float* x = x_.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < count; ++i, x += features) {
    const std::size_t row = order_[first + i];
    std::copy_n(rows_.x.data() + row * features, features, x);
    y_[i] = rows_.y[row];
  }
  return {x_.narrow(0, 0, static_cast<std::int64_t>(count)), std::span(y_).first(count)};
}

}  // namespace crossilo
