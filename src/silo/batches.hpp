// Aim: a silo's rows as a stream of batches, in a new random order each epoch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "crossilo/data/silo_file.hpp"

namespace crossilo {

/// How rows are cut into batches: all of `batch_size` rows but a smaller last one.
struct BatchRule {
  std::size_t batch_size = 1;
  bool joins_single_row = false;  // a single last row joins the batch before it
};

/// One batch at a time is copied into the same 64-byte aligned memory, so the bits do not depend on where the rows lie.
class Batches {
 public:
  /// Alive until: the rows outlive the batches. At least one row.
  Batches(const RowSet& rows, const BatchRule& rule, std::mt19937_64 generator);

  [[nodiscard]] std::size_t in_epoch() const noexcept { return in_epoch_; }
  /// Rows of the largest batch, at most.
  [[nodiscard]] std::size_t rows_max() const noexcept { return y_.size(); }

  struct Batch {
    at::Tensor x;              // [rows, features]
    std::span<const float> y;  // [rows]
  };
  /// The next batch; the one before it is gone. After the last one of an epoch a new epoch begins.
  [[nodiscard]] Batch next();

 private:
  const RowSet& rows_;
  std::size_t batch_size_;
  std::size_t in_epoch_;
  std::size_t taken_ = 0;  // in this epoch
  std::mt19937_64 generator_;
  std::vector<std::size_t> order_;
  at::Tensor x_;
  std::vector<float> y_;
};

}  // namespace crossilo
