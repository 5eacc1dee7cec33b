// Aim: let the pretended NCCL fail as the real one may.
#pragma once

namespace crossilo::testing {

struct NcclFaults {
  bool hides_the_peer = false;  // where a rank has aborted, the others hear of a failure of the system
  int failing_rank = -1;        // its first call fails, and it is alive
  bool fails_at_call = false;   // the call says so itself, not the look afterwards
};
/// Of all ranks; read by tests/support/cuda_on_host/nccl.cpp.
inline NcclFaults nccl_faults;

}  // namespace crossilo::testing
