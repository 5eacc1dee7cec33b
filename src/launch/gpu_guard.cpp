#include "crossilo/launch/gpu_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::string counted(std::size_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

EnvironmentError too_few(const GpuNode& node) {
  std::set<std::string> ids;
  for (const auto& of_rank : node.ids_of_rank) ids.insert(of_rank.begin(), of_rank.end());
  const std::size_t ranks = node.ids_of_rank.size();
  std::string text = fmt::format("host {}: {} and {} in sight of them; every rank needs a GPU of its own", node.host,
                                 counted(ranks, "rank"), counted(ids.size(), "GPU"));
  if (ids.empty() && !node.none_because.empty()) text += fmt::format(" ({})", node.none_because);
  text += node.in_slurm_job
              ? fmt::format(": ask for them with  sbatch --gpus-per-task=1  or  sbatch --gpus-per-node={}", ranks)
              : ": let CUDA_VISIBLE_DEVICES name as many, or use more machines";
  if (!ids.empty())
    text += node.in_slurm_job ? fmt::format(", or place fewer ranks:  --ntasks-per-node={}", ids.size())
                              : fmt::format(":  mpirun --map-by ppr:{}:node", ids.size());
  return EnvironmentError(text);
}

}  // namespace

bool is_in_slurm_job(const Environment& environment) { return environment("SLURM_JOB_ID") != nullptr; }

int gpu_of_rank(const GpuNode& node, std::size_t rank_on_host) {
  CROSSILO_ASSERT(rank_on_host < node.ids_of_rank.size());
  std::set<std::string> taken;
  int own = 0;
  // All ranks are gone through, so that either all of them go on or none does.
  for (std::size_t rank = 0; rank < node.ids_of_rank.size(); ++rank) {
    const std::vector<std::string>& ids = node.ids_of_rank[rank];
    const auto free = std::find_if(ids.begin(), ids.end(), [&](const std::string& id) { return !taken.contains(id); });
    if (free == ids.end()) throw too_few(node);
    taken.insert(*free);
    if (rank == rank_on_host) own = static_cast<int>(free - ids.begin());
  }
  return own;
}

}  // namespace crossilo
