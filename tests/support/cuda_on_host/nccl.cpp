// Aim: foreign/nccl between ranks of one process on pretended devices.
// Method: in place of nccl.cpp and nccl_stub.cpp. A call takes its rank's words when the stream comes to it, and is
// done once all ranks have given theirs; ranks that make different calls would hang or mix words, so they end here. The
// ranks run one at a time (run_local_ranks).
#include "crossilo/foreign/nccl.hpp"

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support/cuda_on_host/device.hpp"
#include "support/cuda_on_host/nccl_faults.hpp"

/// All that ranks with one id share.
struct ncclComm {
  using Given = std::map<int, std::vector<std::byte>>;  // by rank
  int joined = 0;
  bool is_broken = false;           // a rank has aborted
  std::map<int, int> calls;         // made so far, by rank
  std::map<int, Given> by_call;     // by the call's number
  std::map<int, std::string> what;  // by the call's number: all ranks must make the same
};

namespace crossilo {
namespace {

template <class Word>
Word word_of(const std::vector<std::byte>& bytes, std::size_t index) {
  Word word;
  std::memcpy(&word, bytes.data() + index * sizeof(Word), sizeof(Word));
  return word;
}

/// No word goes to a peer that nobody has written: another program may have left it on the device.
template <class Word>
void require_written(const std::vector<std::byte>& words) {
  Word fresh;
  std::memset(&fresh, kFreshByte, sizeof fresh);
  for (std::size_t i = 0; i < words.size() / sizeof(Word); ++i) CROSSILO_ASSERT(word_of<Word>(words, i) != fresh);
}

/// Queues a call: once all ranks have given their words, act(what each gave) is done.
template <class Word, class Act>
void queue_call(ncclComm* world, NcclHandle::Place place, std::string what, DeviceSpan<Word> words,
                const CudaStream& stream, Act act) {
  if (place.rank == testing::nccl_faults.failing_rank && testing::nccl_faults.fails_at_call)
    throw NcclError("unhandled system error");
  const int number = world->calls[place.rank]++;
  what += " of " + std::to_string(words.size) + " words of " + std::to_string(sizeof(Word)) + " bytes";
  CROSSILO_ASSERT(world->what.emplace(number, what).first->second == what);
  ncclComm::Given& given = world->by_call[number];
  stream.native()->queue([&given, place, words, act] {
    std::vector<std::byte>& own = given[place.rank];
    if (own.empty() && words.size > 0) {
      own.resize(words.bytes());
      std::memcpy(own.data(), words.data, words.bytes());
      require_written<Word>(own);
    }
    if (given.size() < static_cast<std::size_t>(place.size)) return false;
    act(given);
    return true;
  });
}

}  // namespace

void check_nccl(int result, const char* call, std::source_location) {
  if (result != 0) throw NcclError(call);
}
std::string nccl_version() { return "pretended"; }
NcclId make_nccl_id() {
  static std::uint32_t made = 0;
  NcclId id{};
  std::memcpy(id.data(), &++made, sizeof made);
  return id;
}

NcclHandle::NcclHandle(const NcclId& id, Place place)
    : place_(place), exceptions_at_start_(std::uncaught_exceptions()) {
  static std::map<NcclId, ncclComm> worlds;
  native_ = &worlds[id];
  ++native_->joined;
}

NcclHandle::~NcclHandle() {
  if (std::uncaught_exceptions() > exceptions_at_start_) abort();
}

void NcclHandle::abort() noexcept {
  if (native_ != nullptr) native_->is_broken = true;
  native_ = nullptr;
}

bool NcclHandle::ready() {
  CROSSILO_ASSERT(native_ != nullptr);
  if (native_->is_broken && testing::nccl_faults.hides_the_peer) throw NcclError("unhandled system error");
  if (native_->is_broken) throw NcclError("a rank has aborted", /*is_of_a_peer=*/true);
  if (place_.rank == testing::nccl_faults.failing_rank && native_->calls[place_.rank] > 0)
    throw NcclError("unhandled system error");
  return native_->joined == place_.size;
}

template <class Word>
void NcclHandle::reduce_scatter(DeviceSpan<Word> words, const CudaStream& stream) {
  const std::size_t part = part_of(words.size);
  const std::size_t first = part * static_cast<std::size_t>(place_.rank);
  queue_call(native_, place_, "reduce-scatter", words, stream, [=](const ncclComm::Given& given) {
    for (std::size_t i = first; i < first + part; ++i) {
      words.data[i] = 0;
      for (const auto& [rank, bytes] : given) words.data[i] += word_of<Word>(bytes, i);
    }
  });
}

template <class Word>
void NcclHandle::all_gather(DeviceSpan<Word> words, const CudaStream& stream) {
  const std::size_t part = part_of(words.size);
  queue_call(native_, place_, "all-gather", words, stream, [=](const ncclComm::Given& given) {
    for (std::size_t i = 0; i < words.size; ++i) words.data[i] = word_of<Word>(given.at(static_cast<int>(i / part)), i);
  });
}

std::size_t NcclHandle::part_of(std::size_t words) const { return words / static_cast<std::size_t>(place_.size); }

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
