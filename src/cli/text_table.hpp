// Aim: a table on a terminal.
#pragma once

#include <string>
#include <vector>

namespace crossilo {

using TextRow = std::vector<std::string>;

/// Rows in columns as wide as they need to be, the last one open; columns in `right` stand at the right.
[[nodiscard]] std::string text_table(const std::vector<TextRow>& rows, const std::vector<bool>& right);

/// A value as it fits a screen; "–" where it is empty.
[[nodiscard]] std::string shortened_value(const std::string& value);

}  // namespace crossilo
