#include "crossilo/foreign/nccl.hpp"

// Chosen by CMake in place of nccl.cpp where the program is built without NCCL.
namespace crossilo {
namespace {

[[noreturn]] void refuse() {
  throw NcclError("this crossilo is built without NCCL: build it again with the preset cuda (docs/install.md)");
}

}  // namespace

void check_nccl(int, const char*, std::source_location) { refuse(); }
std::string nccl_version() { return "not used in this build"; }
NcclId make_nccl_id() { refuse(); }

NcclHandle::NcclHandle(const NcclId&, Place place) : place_(place), exceptions_at_start_(0) { refuse(); }
NcclHandle::~NcclHandle() {}  // not defaulted: in the other build it is not trivial
bool NcclHandle::ready() { refuse(); }
void NcclHandle::abort() noexcept {}
void NcclHandle::start_reduce_scatter(DeviceSpan<std::uint32_t>, const CudaStream&) { refuse(); }
void NcclHandle::start_reduce_scatter(DeviceSpan<std::uint64_t>, const CudaStream&) { refuse(); }
void NcclHandle::start_all_gather(DeviceSpan<std::uint32_t>, const CudaStream&) { refuse(); }
void NcclHandle::start_all_gather(DeviceSpan<std::uint64_t>, const CudaStream&) { refuse(); }

}  // namespace crossilo
