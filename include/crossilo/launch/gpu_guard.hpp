// Aim: one GPU for each rank of a machine, never shared in silence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/foreign/cuda.hpp"
#include "crossilo/launch/guard.hpp"

namespace crossilo {

/// True anywhere inside a Slurm job, also under mpirun.
[[nodiscard]] bool is_in_slurm_job(const Environment& environment);

/// What one rank brings to agree_on_gpu.
struct GpuOffer {
  std::string host;           // host_name()
  std::string wish = "cuda";  // run.device: cpu | cuda | auto: one if there is any
  CudaDevices devices{};      // none with cpu
  bool in_slurm_job = false;
  bool is_built_with_cuda = true;
};

/// Which of the GPUs in its sight each rank takes, and what to warn of.
struct GpuShares {
  std::vector<std::optional<int>> gpu_of_rank;  // none: it computes on the processor
  std::string warning;                          // one line, or empty
};

/// Gives each rank that wants a GPU one of its own: wherever that can be done, it is. No GPU goes to two ranks,
/// whatever the names of their hosts: containers of one machine may see the same. With too few on a host its ranks with
/// run.device = auto compute on the processor, and the warning says so; it also says where each of several ranks of a
/// host sees its own GPU alone. Throws: EnvironmentError where there are too few for those with run.device = cuda, with
/// the line that asks for enough.
[[nodiscard]] GpuShares share_gpus(const std::vector<GpuOffer>& offers);

/// The offer of this process.
[[nodiscard]] GpuOffer own_gpu_offer(const std::string& wish);

struct GpuChoice {
  std::optional<int> gpu;  // of this rank
  std::string warning;     // alike on all ranks
};

/// share_gpus() among all ranks. Collective. Throws: EnvironmentError as above, alike on all ranks; PeerLostError.
[[nodiscard]] GpuChoice agree_on_gpu(Communicator& communicator, const GpuOffer& own, const Deadline& deadline);

}  // namespace crossilo
