#include "crossilo/launch/guard.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

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

int tasks_of_srun(const Environment& environment) {
  return static_cast<int>(number(environment, "SLURM_STEP_NUM_TASKS").value_or(1));
}

/// The srun that starts a rank for each silo: in a heterogeneous job each group brings its own.
std::string srun_line(std::size_t silos, int groups, const std::string& command) {
  if (groups < 2) return fmt::format("srun --mpi=pmix -K --wait=0 -n {} {}", silos, command);
  std::string list = "0";
  for (int group = 1; group < groups; ++group) list += fmt::format(",{}", group);
  return fmt::format("srun --mpi=pmix -K --wait=0 --het-group={} {}", list, command);
}

std::string counted(long number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace

std::optional<Launch> detect_launch(const Environment& environment) {
  // mpirun inside a Slurm job leaves both its own and Slurm's variables: its own count.
  if (const auto size = number(environment, "OMPI_COMM_WORLD_SIZE")) return Launch{"mpirun", static_cast<int>(*size)};
  if (is_under_srun(environment)) return Launch{"srun", tasks_of_srun(environment)};
  if (const auto size = number(environment, "PMI_SIZE")) return Launch{"mpirun", static_cast<int>(*size)};
  return std::nullopt;
}

std::optional<Launch> detect_launch() {
  return detect_launch([](const char* variable) { return std::getenv(variable); });
}

std::string launcher_fault(const Environment& environment, const std::string& command) {
  const auto is_set = [&](const char* variable) { return environment(variable) != nullptr; };
  if (is_set("OMPI_COMM_WORLD_SIZE") || is_set("PMIX_RANK") || is_set("PMI_RANK") || !is_under_srun(environment))
    return "";
  const int tasks = tasks_of_srun(environment);
  return fmt::format("srun started {} without PMIx, so MPI cannot join them: start with  {}; nothing was started",
                     counted(tasks, "process", "processes"),
                     srun_line(static_cast<std::size_t>(tasks), slurm_groups(environment), command));
}

std::string launcher_fault(const std::string& command) {
  return launcher_fault([](const char* variable) { return std::getenv(variable); }, command);
}

int launched_rank(const Environment& environment) {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const auto rank = number(environment, variable)) return static_cast<int>(*rank);
  return 0;
}

int launched_rank() {
  return launched_rank([](const char* variable) { return std::getenv(variable); });
}

int slurm_groups(const Environment& environment) {
  if (!number(environment, "SLURM_JOB_ID")) return 0;
  return static_cast<int>(std::max(1L, number(environment, "SLURM_HET_SIZE").value_or(1)));
}

int slurm_groups() {
  return slurm_groups([](const char* variable) { return std::getenv(variable); });
}

int launched_size() {
  const auto launch = detect_launch();
  return launch ? launch->processes : 1;
}

int usable_cores() {
  // A plain cpu_set_t holds 1024 processors; the kernel refuses a set that is too small for the machine.
  for (int processors = CPU_SETSIZE; processors <= (1 << 20); processors *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> cores(CPU_ALLOC(processors),
                                                                 [](cpu_set_t* set) { CPU_FREE(set); });
    const std::size_t bytes = CPU_ALLOC_SIZE(processors);
    if (cores && ::sched_getaffinity(0, bytes, cores.get()) == 0) return CPU_COUNT_S(bytes, cores.get());
  }
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::string crowding(const Crowd& crowd) {
  constexpr std::uint64_t kThreadsPerCoreMax = 4;
  const auto ranks = static_cast<std::uint64_t>(crowd.ranks);
  const auto cores = static_cast<std::uint64_t>(crowd.cores);
  const std::uint64_t threads = crowd.threads * ranks;
  if (crowd.threads == 1 || threads <= cores) return "";
  const auto most = [&](std::uint64_t threads_max) { return std::max<std::uint64_t>(1, threads_max / ranks); };
  const std::string text =
      fmt::format("run.threads = {} in {} make {} threads for {}", crowd.threads, counted(crowd.ranks, "rank", "ranks"),
                  threads, counted(crowd.cores, "core", "cores"));
  if (threads > kThreadsPerCoreMax * cores)
    throw EnvironmentError(
        fmt::format("{}; at most {} to a core are started: run.threads = {} at most, and {} is fastest; nothing was "
                    "started",
                    text, kThreadsPerCoreMax, most(kThreadsPerCoreMax * cores), most(cores)));
  return fmt::format("{}, so they take turns: run.threads = {} is faster", text, most(cores));
}

std::string launch_mismatch(std::size_t silos, int processes, const std::optional<Launch>& launch, int groups,
                            const std::string& command) {
  const std::string wanted = counted(static_cast<long>(silos), "silo", "silos");
  const bool wants_srun = launch ? launch->launcher == "srun" || groups > 1 : groups > 0;
  const std::string right_line = wants_srun ? srun_line(silos, groups, command)
                                 : launch
                                     ? fmt::format("mpirun --oversubscribe --bind-to none -np {} {}", silos, command)
                                     : fmt::format("{} --np {}", command, silos);
  if (!launch)
    return fmt::format("{}, but one process was started: {}start with  {}", wanted, wants_srun ? "under Slurm " : "",
                       right_line);
  if (launch->processes != processes)  // each a world of its own: the launcher speaks another protocol than this MPI
    return fmt::format(
        "{} started {}, but MPI joined {} of them: start with  {}, with the launcher of the MPI that "
        "crossilo was built with",
        launch->launcher, counted(launch->processes, "process", "processes"), processes, right_line);
  const std::string started =
      fmt::format("{}, but {} started {}", wanted, launch->launcher, counted(processes, "process", "processes"));
  if (launch->launcher == "mpirun" && groups > 1)
    return fmt::format("{}: it sees the first of the {} groups of this job only (docs/clusters.md); start with  {}",
                       started, groups, right_line);
  return fmt::format("{}: {}start with  {}", started, wants_srun ? "under Slurm " : "", right_line);
}

}  // namespace crossilo
