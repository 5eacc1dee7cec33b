#include "rank_start.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "crossilo/base/error.hpp"
#include "crossilo/base/log.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/launch/guard.hpp"
#include "crossilo/version.hpp"
#include "doctor_checks.hpp"
#include "missing_silos.hpp"
#include "site_rule.hpp"

namespace crossilo {
namespace {

/// True of variables that mpirun makes for itself: nobody set them, and one is the key of the job.
bool is_of_the_launcher(std::string_view entry) {
  constexpr std::array kInternal = {"OMPI_MCA_orte_",
                                    "OMPI_MCA_pmix",
                                    "OMPI_MCA_prte",
                                    "OMPI_MCA_ess",
                                    "OMPI_MCA_initial_wdir",
                                    "OMPI_MCA_shmem_RUNTIME",
                                    "OMPI_MCA_mca_base_component_show"};
  return std::ranges::any_of(kInternal, [&](const char* prefix) { return entry.starts_with(prefix); });
}

}  // namespace

void check_launch(const Config& config, int processes, const RankPlaces& places) {
  const std::size_t silos = config.run.silos.size() - places.missing.size();
  const auto ranks = static_cast<std::size_t>(processes);
  if (processes != launched_size() || ranks > silos || (!places.simulates && ranks != silos))
    throw EnvironmentError(launch_mismatch(silos, processes, detect_launch(), slurm_groups(), places.command) +
                           "; nothing was started");
}

EndDeadline join_deadline(const Config& config) {
  constexpr double kSecondsMax = 300.0;  // many hosts may load their libraries from one slow file system
  return EndDeadline(
      std::max(kSecondsMax, config.run.peer_seconds_max),
      "crossilo: MPI did not join all ranks in time (run.peer_seconds_max, at least 300 s): does a host not answer, or "
      "may they not connect to each other (docs/clusters.md, Networks)?\n");
}

std::string silo_by_order(const Config& config, const RankPlaces& places, int rank, int ranks) {
  const std::vector<SiloId> silos = present_silos(config.run.silos.size(), places.missing);
  if (silos.size() != static_cast<std::size_t>(ranks)) return "";
  return config.run.silos[silos[static_cast<std::size_t>(rank)].value];
}

std::string presumed_name(const Config& config, const RankPlaces& places, const SiteRule& rule, RankIdentity identity,
                          int ranks) {
  identity.silos = config.run.silo.empty() ? silo_by_order(config, places, identity.rank, ranks) : config.run.silo;
  if (rule.sites_from != "one") identity.site = own_site(rule, {identity.silos}).site;
  return name_of(identity);
}

std::vector<std::string> mapping(const Config& config, const Hosting& hosting) {
  std::vector<std::string> entries;
  for (std::size_t rank = 0; rank < hosting.silos_of_rank.size(); ++rank)
    entries.push_back(fmt::format("rank {} on host {}: silo {}", rank, hosting.host_of_rank[rank],
                                  hosting.names(config.run.silos, static_cast<int>(rank))));
  return entries;
}

std::string crowd_warning(const Config& config, const Hosting& hosting, int rank) {
  const int cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  std::string text = crowding({.ranks = 1, .threads = config.run.threads, .cores = usable_cores()});
  if (!text.empty()) return text;
  return crowding({.ranks = hosting.ranks_beside(rank), .threads = config.run.threads, .cores = cores});
}

void log_machine() {
  log_debug(fmt::format("crossilo {}, {} ({})", kVersion, MpiSession::library_version(), loaded_library("libmpi.so")));
  for (char** entry = environ; *entry != nullptr; ++entry)
    for (const std::string_view prefix : {"OMPI_MCA_", "UCX_", "OMP_", "MKL_", "SLURM_JOB_ID"})
      if (std::string_view(*entry).starts_with(prefix) && !is_of_the_launcher(*entry)) log_debug(*entry);
}

}  // namespace crossilo
