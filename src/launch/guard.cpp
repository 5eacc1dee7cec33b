#include "crossilo/launch/guard.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::optional<long> number(const Environment& environment, const char* variable) {
  const char* const text = environment(variable);
  long value = 0;
  if (text == nullptr) return std::nullopt;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  return error == std::errc() && end != text ? std::optional(value) : std::nullopt;
}

/// True in a step that srun started. A batch script and an interactive shell are steps with reserved numbers.
bool is_under_srun(const Environment& environment) {
  constexpr long kFirstReservedStep = 0xfffffff0;
  const auto step = number(environment, "SLURM_STEP_ID");
  return step && *step >= 0 && *step < kFirstReservedStep && environment("SLURM_STEP_NUM_TASKS") != nullptr;
}

std::string counted(long number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace

std::optional<Launch> detect_launch(const Environment& environment) {
  // mpirun inside a Slurm job leaves both its own and Slurm's variables: its own count.
  if (const auto size = number(environment, "OMPI_COMM_WORLD_SIZE")) return Launch{"mpirun", static_cast<int>(*size)};
  if (is_under_srun(environment))
    return Launch{"srun", static_cast<int>(number(environment, "SLURM_STEP_NUM_TASKS").value_or(1))};
  if (const auto size = number(environment, "PMI_SIZE")) return Launch{"mpirun", static_cast<int>(*size)};
  return std::nullopt;
}

std::optional<Launch> detect_launch() {
  return detect_launch([](const char* variable) { return std::getenv(variable); });
}

int launched_size() {
  const auto launch = detect_launch();
  return launch ? launch->processes : 1;
}

int usable_cores() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

std::string crowding(const Crowd& crowd) {
  constexpr std::uint64_t kThreadsPerCoreMax = 4;
  const std::uint64_t threads = std::uint64_t{crowd.threads} * static_cast<std::uint64_t>(crowd.ranks);
  const auto cores = static_cast<std::uint64_t>(crowd.cores);
  if (crowd.threads == 1 || threads <= cores) return "";
  const std::string text =
      fmt::format("run.threads = {} in {} make {} threads for {}; run.threads = {} is the most that fits",
                  crowd.threads, counted(crowd.ranks, "rank", "ranks"), threads, counted(crowd.cores, "core", "cores"),
                  std::max<std::uint64_t>(1, cores / static_cast<std::uint64_t>(crowd.ranks)));
  if (threads > kThreadsPerCoreMax * cores) throw EnvironmentError(text + "; nothing was started");
  return text;
}

std::string launch_mismatch(std::size_t silos, int processes, const std::optional<Launch>& launch) {
  const std::string wanted = counted(static_cast<long>(silos), "silo", "silos");
  if (!launch)
    return fmt::format("{}, but one process was started: start with  crossilo train … --np {}", wanted, silos);
  const std::string right_line =
      launch->launcher == "srun" ? fmt::format("srun --mpi=pmix -n {} crossilo train …", silos)
                                 : fmt::format("mpirun --oversubscribe --bind-to none -np {} crossilo train …", silos);
  if (launch->processes != processes)  // each a world of its own: the launcher speaks another protocol than this MPI
    return fmt::format(
        "{} started {}, but MPI joined {} of them: start with  {}, with the launcher of the MPI that "
        "crossilo was built with",
        launch->launcher, counted(launch->processes, "process", "processes"), processes, right_line);
  const std::string slurm = launch->launcher == "srun" ? "under Slurm " : "";
  return fmt::format("{}, but {} started {}: {}start with  {}", wanted, launch->launcher,
                     counted(processes, "process", "processes"), slurm, right_line);
}

}  // namespace crossilo
