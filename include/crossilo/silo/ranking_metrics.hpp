// Aim: how well scores rank the positive rows above the negative ones, with honest intervals. One process sees all the
// rows here: a silo uses it on its own rows only, the quick start's table on all files of one machine.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace crossilo {

/// Fewer rows of a class than this are too few to rank.
inline constexpr std::size_t kRankedRowsPerClassMin = 5;

/// Why these rows cannot be ranked ("2 rows of class healthy, too few to rank"), empty when they can.
/// Shapes: scores and labels have one entry a row; a label above 0.5 is positive. class_names: negative, positive.
[[nodiscard]] std::string ranking_refusal(std::span<const float> scores, std::span<const float> labels,
                                          const std::vector<std::string>& class_names);

/// A number with its standard error and its 95 % interval.
struct RankingEstimate {
  double value = 0.0;
  double standard_error = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// The exact area under the ROC curve (ties count one half), empty where ranking_refusal has a reason.
/// The interval is symmetric on the logit scale. An area of 0 or 1 leaves DeLong's error at 0, so its interval is
/// Clopper and Pearson's for as many pairs as the smaller class has rows, all ranked alike: the fewest that are
/// independent. O(n log n).
/// Source: DeLong, DeLong, Clarke-Pearson 1988; Sun and Xu 2014 (midranks).
[[nodiscard]] std::optional<RankingEstimate> auc(std::span<const float> scores, std::span<const float> labels);

/// AUC of `scores` minus AUC of `other_scores` on the same rows, with the covariance of the two; empty as above.
[[nodiscard]] std::optional<RankingEstimate> auc_difference(std::span<const float> scores,
                                                            std::span<const float> other_scores,
                                                            std::span<const float> labels);

}  // namespace crossilo
