#include "crossilo/launch/gpu_guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

std::string counted(std::size_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

constexpr const char* kWithoutGpu = ", or compute on the processor:  --run.device cpu";

EnvironmentError too_few(const GpuNode& node) {
  if (!node.is_built_with_cuda)
    return EnvironmentError(fmt::format(
        "host {}: run.device = cuda, but this crossilo is built without CUDA: build it with the preset cuda "
        "(docs/install.md){}",
        node.host, kWithoutGpu));
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
  return EnvironmentError(text + kWithoutGpu);
}

/// An offer of fixed size. More GPUs than it holds are not looked at, and a long reason is cut.
struct OfferBytes {
  std::array<char, kHostNameBytes> host{};
  std::array<char, 160> none_because{};
  std::uint8_t wants_one = 0;
  std::uint8_t in_slurm_job = 0;
  std::uint8_t is_built_with_cuda = 0;
  std::uint32_t gpus = 0;
  std::array<std::array<char, 16>, 64> ids{};

  explicit OfferBytes(const GpuOffer& offer = {}) {
    offer.host.copy(host.data(), host.size() - 1);
    offer.devices.none_because.copy(none_because.data(), none_because.size() - 1);
    wants_one = offer.wish == "cuda" || (offer.wish == "auto" && !offer.devices.ids.empty()) ? 1 : 0;
    in_slurm_job = offer.in_slurm_job ? 1 : 0;
    is_built_with_cuda = offer.is_built_with_cuda ? 1 : 0;
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

GpuOffer own_gpu_offer(const std::string& wish) {
  return {.host = host_name(),
          .wish = wish,
          .devices = wish == "cpu" ? CudaDevices{} : find_cuda_devices(),
          .in_slurm_job = is_in_slurm_job([](const char* name) { return static_cast<const char*>(std::getenv(name)); }),
          .is_built_with_cuda = is_built_with_cuda()};
}

std::optional<int> agree_on_gpu(Communicator& communicator, const GpuOffer& own, const Deadline& deadline) {
  const OfferBytes mine(own);
  std::vector<OfferBytes> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)), deadline);
  std::optional<int> gpu;
  std::set<std::string> seen;
  for (const OfferBytes& first : all) {
    if (first.wants_one == 0 || !seen.insert(first.host.data()).second) continue;
    GpuNode node{.host = first.host.data(),
                 .ids_of_rank = {},
                 .none_because = first.none_because.data(),
                 .in_slurm_job = first.in_slurm_job != 0,
                 .is_built_with_cuda = first.is_built_with_cuda != 0};
    std::optional<std::size_t> own_place;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      if (all[rank].wants_one == 0 || all[rank].host != first.host) continue;
      if (static_cast<int>(rank) == communicator.rank()) own_place = node.ids_of_rank.size();
      node.ids_of_rank.push_back(all[rank].all_ids());
    }
    const int of_place = gpu_of_rank(node, own_place.value_or(0));  // looks at all ranks of that host
    if (own_place) gpu = of_place;
  }
  return gpu;
}

}  // namespace crossilo
