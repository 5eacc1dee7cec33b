// Aim: which known name was meant by a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

/// Levenshtein's distance: insertions, deletions and exchanges of one character. Where a text has more than 100,
/// as no name has, the length of the longer one, which is no less.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name nearest to `text`, the first `skipped` characters of each name left out; null when none is near.
[[nodiscard]] const std::string* nearest_name(std::string_view text, const std::vector<std::string>& names,
                                              std::size_t skipped = 0);

}  // namespace crossilo
