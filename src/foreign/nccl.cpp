#include "crossilo/foreign/nccl.hpp"

#include <nccl.h>
#include <sched.h>

#include <cstring>
#include <exception>

#include "crossilo/base/clock.hpp"

namespace crossilo {
namespace {

static_assert(sizeof(NcclId) == sizeof(ncclUniqueId));

// Peers end theirs at about the same time; one that does not come is not waited for.
constexpr double kCloseSecondsMax = 10.0;

// NCCL counts in size_t, so no vector is cut into pieces for its sake.
ncclDataType_t type_of(const std::uint32_t*) { return ncclUint32; }
ncclDataType_t type_of(const std::uint64_t*) { return ncclUint64; }

/// Takes leave of the peers. False when that fails, or takes too long.
bool finalize(ncclComm* communicator) noexcept {
  const double end = steady_clock().now_seconds() + kCloseSecondsMax;
  ncclResult_t result = ncclCommFinalize(communicator);
  while (result == ncclInProgress && steady_clock().now_seconds() < end) {
    static_cast<void>(::sched_yield());
    if (ncclCommGetAsyncError(communicator, &result) != ncclSuccess) return false;
  }
  return result == ncclSuccess;
}

}  // namespace

void check_nccl(int result, const char* call, std::source_location where) {
  if (result == ncclSuccess) return;
  throw NcclError(std::string(call) + " failed with code " + std::to_string(result) + ": " +
                      ncclGetErrorString(static_cast<ncclResult_t>(result)) + " (" + where.file_name() + ":" +
                      std::to_string(where.line()) +
                      "); NCCL_DEBUG=INFO makes it say more, and  --topology.sum_on memory  does without it",
                  result == ncclRemoteError);
}

std::string nccl_version() {
  int version = 0;  // 22809: 2.28.9
  check_nccl(ncclGetVersion(&version), "ncclGetVersion");
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

NcclId make_nccl_id() {
  ncclUniqueId made;
  check_nccl(ncclGetUniqueId(&made), "ncclGetUniqueId");
  NcclId id;
  std::memcpy(id.data(), &made, id.size());
  return id;
}

NcclHandle::NcclHandle(const NcclId& id, Place place)
    : place_(place), exceptions_at_start_(std::uncaught_exceptions()) {
  ncclUniqueId agreed;
  std::memcpy(&agreed, id.data(), id.size());
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  try {
    started(ncclCommInitRankConfig(&native_, place.size, agreed, place.rank, &config), "ncclCommInitRankConfig");
  } catch (...) {
    abort();  // no destructor runs
    throw;
  }
}

NcclHandle::~NcclHandle() {
  const bool in_order = !failed_ && std::uncaught_exceptions() <= exceptions_at_start_;
  if (in_order && finalize(native_))
    static_cast<void>(ncclCommDestroy(native_));  // a destructor cannot report a failure
  else
    abort();
}

void NcclHandle::abort() noexcept {
  failed_ = true;
  // It is called where something has failed already.
  if (native_ != nullptr) static_cast<void>(ncclCommAbort(native_));
  native_ = nullptr;
}

void NcclHandle::started(int result, const char* call) {
  if (result == ncclInProgress) return;
  failed_ = result != ncclSuccess;
  check_nccl(result, call);
}

bool NcclHandle::ready() {
  CROSSILO_ASSERT(native_ != nullptr);
  ncclResult_t result = ncclSuccess;
  started(ncclCommGetAsyncError(native_, &result), "ncclCommGetAsyncError");
  started(result, "an NCCL communicator");
  return result == ncclSuccess;
}

std::size_t NcclHandle::part_of(std::size_t words) const {
  const auto ranks = static_cast<std::size_t>(place_.size);
  CROSSILO_ASSERT(words % ranks == 0);
  return words / ranks;
}

template <class Word>
void NcclHandle::reduce_scatter(DeviceSpan<Word> words, const CudaStream& stream) {
  const std::size_t part = part_of(words.size);
  started(ncclReduceScatter(words.data, words.data + part * static_cast<std::size_t>(place_.rank), part,
                            type_of(words.data), ncclSum, native_, stream.native()),
          "ncclReduceScatter");
}

template <class Word>
void NcclHandle::all_gather(DeviceSpan<Word> words, const CudaStream& stream) {
  const std::size_t part = part_of(words.size);
  started(ncclAllGather(words.data + part * static_cast<std::size_t>(place_.rank), words.data, part,
                        type_of(words.data), native_, stream.native()),
          "ncclAllGather");
}

void NcclHandle::start_reduce_scatter(DeviceSpan<std::uint32_t> words, const CudaStream& stream) {
  reduce_scatter(words, stream);
}
void NcclHandle::start_reduce_scatter(DeviceSpan<std::uint64_t> words, const CudaStream& stream) {
  reduce_scatter(words, stream);
}
void NcclHandle::start_all_gather(DeviceSpan<std::uint32_t> words, const CudaStream& stream) {
  all_gather(words, stream);
}
void NcclHandle::start_all_gather(DeviceSpan<std::uint64_t> words, const CudaStream& stream) {
  all_gather(words, stream);
}

}  // namespace crossilo
