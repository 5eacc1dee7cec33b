#include <algorithm>
#include <filesystem>

#include "crossilo/base/utf8.hpp"
#include "silo_layout.hpp"

namespace crossilo {

std::vector<std::string> file_titles(const std::vector<std::string>& paths) {
  std::vector<std::string> stems;
  for (const std::string& path : paths) stems.push_back(shown(std::filesystem::path(path).stem().string()));
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < paths.size(); ++i)
    titles.push_back(std::ranges::count(stems, stems[i]) > 1 ? paths[i] : stems[i]);
  return titles;
}

}  // namespace crossilo
