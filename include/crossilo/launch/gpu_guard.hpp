// Aim: one GPU for each rank of a machine, never shared in silence.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "crossilo/comm/communicator.hpp"
#include "crossilo/foreign/cuda.hpp"
#include "crossilo/launch/guard.hpp"

namespace crossilo {

/// The ranks of one machine that want a GPU, and the GPUs that each of them may use.
struct GpuNode {
  std::string host;
  std::vector<std::vector<std::string>> ids_of_rank;  // by rank on this machine; as CudaDevices::ids
  std::string none_because;                           // why there are none; CudaDevices::none_because
  bool in_slurm_job = false;
  bool is_built_with_cuda = true;
};

/// True anywhere inside a Slurm job, also under mpirun.
[[nodiscard]] bool is_in_slurm_job(const Environment& environment);

/// Which of the GPUs that it may use a rank takes: the first one that no rank before it has taken. So all see all, and
/// each only its own, both work.
/// Throws: EnvironmentError where there are fewer GPUs than ranks, with the line that asks for enough.
[[nodiscard]] int gpu_of_rank(const GpuNode& node, std::size_t rank_on_host);

/// What one rank brings to agree_on_gpu.
struct GpuOffer {
  std::string host;           // host_name()
  std::string wish = "cuda";  // run.device: cpu | cuda | auto: one if there is any
  CudaDevices devices{};      // none with cpu
  bool in_slurm_job = false;
  bool is_built_with_cuda = true;
};

/// The offer of this process.
[[nodiscard]] GpuOffer own_gpu_offer(const std::string& wish);

/// gpu_of_rank() among the ranks of the same host that want one; nothing for a rank that computes on the processor.
/// Collective. Throws: EnvironmentError as above, alike on all ranks of all hosts; PeerLostError.
[[nodiscard]] std::optional<int> agree_on_gpu(Communicator& communicator, const GpuOffer& own,
                                              const Deadline& deadline);

}  // namespace crossilo
