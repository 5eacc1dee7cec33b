#include "missing_silos.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"

namespace crossilo {

std::size_t fewest_silos(const RunConfig& run) { return run.min_silos == 0 ? run.silos.size() : run.min_silos; }

std::vector<SiloId> missing_silos(const RunConfig& run, const std::string& names) {
  std::vector<SiloId> missing;
  if (names.empty()) return missing;
  for (const std::string& part : parts_of(names, ',')) {
    const std::string_view name = trimmed(part);
    const auto found = std::ranges::find(run.silos, name);
    if (found == run.silos.end())
      throw ConfigError(fmt::format("--without_silos {}: \"{}\" is not in run.silos ({}); nothing was started", names,
                                    name, fmt::join(run.silos, ", ")));
    missing.push_back({static_cast<std::uint32_t>(found - run.silos.begin())});
  }
  std::ranges::sort(missing);
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  const std::size_t left = run.silos.size() - missing.size();
  if (left < fewest_silos(run))
    throw ConfigError(
        fmt::format("--without_silos {}: leaves {} silos, but run.min_silos = {} wants {}; set run.min_silos in the "
                    "settings of all silos if they agree to a sum over fewer (docs/resume.md); nothing was started",
                    names, left, run.min_silos, run.min_silos == 0 ? "all" : fmt::format("{}", run.min_silos)));
  return missing;
}

std::string names_of(const RunConfig& run, const std::vector<SiloId>& silos) {
  std::vector<std::string> names;
  for (const SiloId silo : silos) names.push_back(run.silos.at(silo.value));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace crossilo
