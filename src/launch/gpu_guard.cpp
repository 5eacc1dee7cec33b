#include "crossilo/launch/gpu_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

/// An offer of fixed size. More GPUs than it holds are not looked at.
struct OfferBytes {
  std::array<char, kHostNameBytes> host{};
  std::uint32_t gpus = 0;
  std::array<std::array<char, 16>, 64> ids{};

  explicit OfferBytes(const GpuOffer& offer = {}) {
    offer.host.copy(host.data(), host.size() - 1);
    gpus = static_cast<std::uint32_t>(std::min(offer.devices.ids.size(), ids.size()));
    for (std::size_t i = 0; i < gpus; ++i) offer.devices.ids[i].copy(ids[i].data(), ids[i].size());
  }
  [[nodiscard]] std::vector<std::string> all_ids() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < gpus; ++i) all.emplace_back(ids[i].data(), ids[i].size());
    return all;
  }
};

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

int agree_on_gpu(Communicator& communicator, const GpuOffer& own, const Deadline& deadline) {
  const OfferBytes mine(own);
  std::vector<OfferBytes> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)), deadline);
  GpuNode node{
      .host = own.host, .ids_of_rank = {}, .none_because = own.devices.none_because, .in_slurm_job = own.in_slurm_job};
  std::size_t rank_on_host = 0;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    const OfferBytes& offer = all[static_cast<std::size_t>(rank)];
    if (offer.host != mine.host) continue;
    if (rank == communicator.rank()) rank_on_host = node.ids_of_rank.size();
    node.ids_of_rank.push_back(offer.all_ids());
  }
  return gpu_of_rank(node, rank_on_host);
}

}  // namespace crossilo
