#include "spelling.hpp"

#include <algorithm>
#include <utility>

namespace crossilo {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLettersMax = 100;  // longer than any name; a hostile one would cost minutes
  if (std::max(a.size(), b.size()) > kLettersMax) return std::max(a.size(), b.size());
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({exchanged, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

const std::string* nearest_name(std::string_view text, const std::vector<std::string>& names, std::size_t skipped) {
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(text, std::string_view(name).substr(skipped));
    if (distance < least) least = distance, nearest = &name;
  }
  return nearest;
}

}  // namespace crossilo
