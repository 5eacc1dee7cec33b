#include "crossilo/launch/gpu_guard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

using Offers = std::vector<GpuOffer>;
using Ranks = std::vector<std::size_t>;
using OwnerOfId = std::map<std::string, std::size_t>;

std::string counted(std::size_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

constexpr const char* kWithoutGpu = ", or compute on the processor:  --run.device cpu";

bool insists(const GpuOffer& offer) { return offer.wish == "cuda"; }
bool wants_one(const GpuOffer& offer) { return insists(offer) || (offer.wish == "auto" && !offer.devices.ids.empty()); }

/// Gives a rank a GPU; where none is free, others that have more to choose from take another (an augmenting path). Who
/// has one keeps one. False where there is none left.
bool find_gpu(const Offers& offers, std::size_t rank, OwnerOfId& owner_of, std::set<std::string>& asked) {
  const std::vector<std::string>& ids = offers[rank].devices.ids;
  auto id = std::ranges::find_if(ids, [&](const std::string& one) { return !owner_of.contains(one); });
  if (id == ids.end())
    id = std::ranges::find_if(ids, [&](const std::string& one) {
      return asked.insert(one).second && find_gpu(offers, owner_of.at(one), owner_of, asked);
    });
  if (id == ids.end()) return false;
  owner_of[*id] = rank;
  return true;
}

/// The ranks that want a GPU on the host of `rank`, and on hosts that see a GPU of it: those are one machine.
Ranks neighbours(const Offers& offers, std::size_t rank) {
  std::set<std::string> ids;
  for (const GpuOffer& offer : offers)
    if (wants_one(offer) && offer.host == offers[rank].host)
      ids.insert(offer.devices.ids.begin(), offer.devices.ids.end());
  Ranks ranks;
  for (std::size_t other = 0; other < offers.size(); ++other)
    if (wants_one(offers[other]) &&
        (offers[other].host == offers[rank].host ||
         std::ranges::any_of(offers[other].devices.ids, [&](const std::string& id) { return ids.contains(id); })))
      ranks.push_back(other);
  return ranks;
}

/// "host n4", or all hosts of one machine.
std::string named(const std::set<std::string>& hosts) {
  if (hosts.size() == 1) return "host " + *hosts.begin();
  return fmt::format("hosts {} (one machine: they see the same GPU)", fmt::join(hosts, ", "));
}

/// What is missing among `ranks`, the consequence, and the lines that mend it.
std::string too_few(const Offers& offers, const Ranks& ranks, const char* consequence) {
  const GpuOffer& first = offers[ranks.front()];
  std::set<std::string> ids;
  std::set<std::string> hosts;
  for (const std::size_t rank : ranks) {
    ids.insert(offers[rank].devices.ids.begin(), offers[rank].devices.ids.end());
    hosts.insert(offers[rank].host);
  }
  std::string text = fmt::format("{}: {} and {} in sight of them; every rank needs a GPU of its own{}", named(hosts),
                                 counted(ranks.size(), "rank"), counted(ids.size(), "GPU"), consequence);
  if (ids.empty() && !first.devices.none_because.empty()) text += fmt::format(" ({})", first.devices.none_because);
  text += first.in_slurm_job ? fmt::format(": ask for them with  sbatch --gpus-per-node={}", ranks.size())
                             : ": let CUDA_VISIBLE_DEVICES name as many, or use more machines";
  if (!ids.empty())
    text += first.in_slurm_job ? fmt::format(", or place fewer ranks:  --ntasks-per-node={}", ids.size())
                               : fmt::format(":  mpirun --map-by ppr:{}:node", ids.size());
  return text + kWithoutGpu;
}

std::string without_cuda(const GpuOffer& offer) {
  return fmt::format(
      "host {}: run.device = cuda, but this crossilo is built without CUDA: build it with the preset cuda "
      "(docs/install.md){}",
      offer.host, kWithoutGpu);
}

/// The first host on which each of several ranks sees one GPU alone, its own; empty: none.
std::string narrow_sight(const Offers& offers, const std::vector<std::optional<int>>& gpus) {
  std::map<std::string, Ranks> by_host;
  for (std::size_t rank = 0; rank < offers.size(); ++rank)
    if (gpus[rank]) by_host[offers[rank].host].push_back(rank);
  for (const auto& [host, ranks] : by_host) {
    if (ranks.size() < 2) continue;
    if (std::ranges::any_of(ranks, [&](std::size_t rank) { return offers[rank].devices.ids.size() > 1; })) continue;
    return fmt::format(
        "host {}: each of {} ranks sees its own GPU alone, so NCCL may find no direct way between them: {}", host,
        ranks.size(),
        offers[ranks.front()].in_slurm_job
            ? fmt::format("ask for them with  sbatch --gpus-per-node={}  in place of --gpus-per-task", ranks.size())
            : "let CUDA_VISIBLE_DEVICES name all of them for each rank");
  }
  return "";
}

/// An offer of fixed size. More GPUs than it holds are not looked at, and a long reason is cut.
struct OfferBytes {
  std::array<char, kHostNameBytes> host{};
  std::array<char, 8> wish{};
  std::array<char, 160> none_because{};
  std::uint8_t in_slurm_job = 0;
  std::uint8_t is_built_with_cuda = 0;
  std::uint32_t gpus = 0;
  std::array<std::array<char, 16>, 64> ids{};

  explicit OfferBytes(const GpuOffer& offer = {}) {
    offer.host.copy(host.data(), host.size() - 1);
    offer.wish.copy(wish.data(), wish.size() - 1);
    offer.devices.none_because.copy(none_because.data(), none_because.size() - 1);
    in_slurm_job = offer.in_slurm_job ? 1 : 0;
    is_built_with_cuda = offer.is_built_with_cuda ? 1 : 0;
    gpus = static_cast<std::uint32_t>(std::min(offer.devices.ids.size(), ids.size()));
    for (std::size_t i = 0; i < gpus; ++i) offer.devices.ids[i].copy(ids[i].data(), ids[i].size());
  }
  [[nodiscard]] GpuOffer offer() const {
    GpuOffer read{.host = host.data(),
                  .wish = wish.data(),
                  .devices = {.ids = {}, .none_because = none_because.data()},
                  .in_slurm_job = in_slurm_job != 0,
                  .is_built_with_cuda = is_built_with_cuda != 0};
    for (std::size_t i = 0; i < gpus; ++i) read.devices.ids.emplace_back(ids[i].data(), ids[i].size());
    return read;
  }
};

}  // namespace

bool is_in_slurm_job(const Environment& environment) { return environment("SLURM_JOB_ID") != nullptr; }

GpuShares share_gpus(const Offers& offers) {
  OwnerOfId owner_of;
  std::set<std::size_t> on_processor;
  std::vector<std::string> short_of;
  for (const bool must : {true, false})  // whoever insists comes first
    for (std::size_t rank = 0; rank < offers.size(); ++rank) {
      std::set<std::string> asked;
      if (!wants_one(offers[rank]) || insists(offers[rank]) != must || on_processor.contains(rank) ||
          find_gpu(offers, rank, owner_of, asked))
        continue;
      if (must && !offers[rank].is_built_with_cuda) throw EnvironmentError(without_cuda(offers[rank]));
      const Ranks ranks = neighbours(offers, rank);
      if (must) throw EnvironmentError(too_few(offers, ranks, ""));
      short_of.push_back(too_few(offers, ranks, ", so with run.device = auto they compute on the processor"));
      for (const std::size_t other : ranks)
        if (!insists(offers[other])) on_processor.insert(other);
    }
  GpuShares shares{.gpu_of_rank = std::vector<std::optional<int>>(offers.size()), .warning = ""};
  for (const auto& [id, rank] : owner_of)
    if (!on_processor.contains(rank))
      shares.gpu_of_rank[rank] =
          static_cast<int>(std::ranges::find(offers[rank].devices.ids, id) - offers[rank].devices.ids.begin());
  shares.warning = short_of.empty() ? narrow_sight(offers, shares.gpu_of_rank) : short_of.front();
  if (short_of.size() > 1)
    shares.warning += fmt::format(" (so, too, on {})", counted(short_of.size() - 1, "more host"));
  return shares;
}

GpuOffer own_gpu_offer(const std::string& wish) {
  return {.host = host_name(),
          .wish = wish,
          .devices = wish == "cpu" ? CudaDevices{} : find_cuda_devices(),
          .in_slurm_job = is_in_slurm_job([](const char* name) { return static_cast<const char*>(std::getenv(name)); }),
          .is_built_with_cuda = is_built_with_cuda()};
}

GpuChoice agree_on_gpu(Communicator& communicator, const GpuOffer& own, const Deadline& deadline) {
  const OfferBytes mine(own);
  std::vector<OfferBytes> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)), deadline);
  Offers offers;
  for (const OfferBytes& bytes : all) offers.push_back(bytes.offer());
  const GpuShares shares = share_gpus(offers);
  return {.gpu = shares.gpu_of_rank[static_cast<std::size_t>(communicator.rank())], .warning = shares.warning};
}

}  // namespace crossilo
