#include "crossilo/comm/mpi_communicator.hpp"

#include <mpi.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <time.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "crossilo/base/check.hpp"
#include "crossilo/foreign/mpi_window.hpp"
#include "message_mismatch.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kSlotsAtStart = 1024;
// A waiting rank yields at first, then sleeps one microsecond longer at each look: it adds little to what it has waited
// already, and leaves its processor to those who train.
constexpr int kYieldsBeforeSleep = 300;
constexpr int kSleepMicrosecondsMax = 1000;

MPI_Datatype mpi_type(WordType type) {
  return type == WordType::byte ? MPI_BYTE : type == WordType::u32 ? MPI_UINT32_T : MPI_UINT64_T;
}

struct Slot {
  MPI_Request request = MPI_REQUEST_NULL;
  MessageShape expected;
  Peer peer;
  bool is_receive = false;
};

class MpiWindow final : public NodeWindow {
 public:
  MpiWindow(const MpiSharedMemory& memory, std::size_t own, std::size_t region_bytes)
      : NodeWindow(memory.blocks(), own, region_bytes) {}
};

}  // namespace

struct MpiCommunicator::State {
  explicit State(MpiCommunicatorHandle owned)
      : handle(std::move(owned)), native(*static_cast<const MPI_Comm*>(handle.native())) {
    check_mpi(MPI_Comm_rank(native, &rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(native, &size), "MPI_Comm_size");
    node = lowest_rank_of_node(handle);
    grow();
  }

  void grow() {
    const std::size_t old_size = slots.size();
    slots.resize(old_size == 0 ? kSlotsAtStart : 2 * old_size);
    free_slots.reserve(slots.size());
    for (std::size_t slot = slots.size(); slot > old_size; --slot)
      free_slots.push_back(static_cast<std::uint32_t>(slot - 1));
  }

  std::uint32_t take_slot(MessageShape expected, Peer peer, bool is_receive) {
    CROSSILO_ASSERT(expected.count <= kMessageWordsMax);
    CROSSILO_ASSERT(peer.rank >= 0 && peer.rank < size && peer.tag >= 0 && peer.tag <= ReservedTag::last);
    if (free_slots.empty()) grow();
    const std::uint32_t slot = free_slots.back();
    free_slots.pop_back();
    slots[slot] = {.request = MPI_REQUEST_NULL, .expected = expected, .peer = peer, .is_receive = is_receive};
    return slot;
  }

  MpiCommunicatorHandle handle;
  MPI_Comm native;
  int rank = 0;
  int size = 0;
  int node = 0;
  int fruitless_looks = 0;
  std::vector<Slot> slots;
  std::vector<std::uint32_t> free_slots;
  std::vector<std::unique_ptr<MpiSharedMemory>> windows;
};

MpiCommunicator::MpiCommunicator(MpiCommunicatorHandle handle) : state_(std::make_unique<State>(std::move(handle))) {}

MpiCommunicator::~MpiCommunicator() {
  // Only after an error: both calls are local, so nothing waits for a lost peer. Their failure changes nothing then.
  for (Slot& slot : state_->slots) {
    if (slot.request == MPI_REQUEST_NULL) continue;
    if (slot.is_receive) static_cast<void>(MPI_Cancel(&slot.request));
    static_cast<void>(MPI_Request_free(&slot.request));
  }
}

int MpiCommunicator::rank() const noexcept { return state_->rank; }
int MpiCommunicator::size() const noexcept { return state_->size; }
Clock& MpiCommunicator::clock() noexcept { return steady_clock(); }

Request MpiCommunicator::start_send(ConstWords words, Peer to) {
  const std::uint32_t slot = state_->take_slot({words.count, words.type}, to, /*is_receive=*/false);
  check_mpi(MPI_Isend(words.data, static_cast<int>(words.count), mpi_type(words.type), to.rank, to.tag, state_->native,
                      &state_->slots[slot].request),
            "MPI_Isend");
  return {slot};
}

Request MpiCommunicator::start_receive(Words words, Peer from) {
  const std::uint32_t slot = state_->take_slot({words.count, words.type}, from, /*is_receive=*/true);
  check_mpi(MPI_Irecv(words.data, static_cast<int>(words.count), mpi_type(words.type), from.rank, from.tag,
                      state_->native, &state_->slots[slot].request),
            "MPI_Irecv");
  return {slot};
}

bool MpiCommunicator::test(Request& request) {
  if (request.done()) return true;
  Slot& slot = state_->slots[request.slot];
  int complete = 0;
  MPI_Status status;
  const int return_code = MPI_Test(&slot.request, &complete, &status);
  if (return_code != MPI_SUCCESS) {
    int error_class = MPI_SUCCESS;
    check_mpi(MPI_Error_class(return_code, &error_class), "MPI_Error_class");
    if (error_class == MPI_ERR_TRUNCATE) throw message_mismatch(peer_name(slot.peer.rank), slot.peer, slot.expected);
    check_mpi(return_code, "MPI_Test");
  }
  if (complete == 0) return false;
  if (slot.is_receive) {
    int count = 0;
    check_mpi(MPI_Get_count(&status, mpi_type(slot.expected.type), &count), "MPI_Get_count");
    if (count == MPI_UNDEFINED || static_cast<std::size_t>(count) != slot.expected.count)
      throw message_mismatch(peer_name(slot.peer.rank), slot.peer, slot.expected);
  }
  state_->free_slots.push_back(request.slot);
  request.slot = Request::kDone;
  state_->fruitless_looks = 0;
  return true;
}

void MpiCommunicator::idle() {
  const int looks = ++state_->fruitless_looks;
  if (looks <= kYieldsBeforeSleep) {
    // It cannot fail; if it did, the next look would come at once.
    static_cast<void>(::sched_yield());
    return;
  }
  state_->fruitless_looks = std::min(looks, kYieldsBeforeSleep + kSleepMicrosecondsMax);
  const timespec pause{.tv_sec = 0, .tv_nsec = 1000L * (state_->fruitless_looks - kYieldsBeforeSleep)};
  // A signal may cut it short, which is as good.
  static_cast<void>(::nanosleep(&pause, nullptr));
}

void MpiCommunicator::moved() noexcept { state_->fruitless_looks = 0; }
int MpiCommunicator::node() const noexcept { return state_->node; }

std::size_t MpiCommunicator::window_bytes_free() const {
  struct statvfs room {};
  if (::statvfs("/dev/shm", &room) != 0) return 0;
  return static_cast<std::size_t>(room.f_bavail) * room.f_frsize;
}

std::unique_ptr<NodeWindow> MpiCommunicator::open_node_window(std::span<const int> ranks, std::size_t region_bytes,
                                                              const Deadline& deadline) {
  if (ranks.size() == 1) return Communicator::open_node_window(ranks, region_bytes, deadline);
  const auto own = static_cast<std::size_t>(std::ranges::find(ranks, rank()) - ranks.begin());
  CROSSILO_ASSERT(own < ranks.size());
  std::ostringstream text;
  text << "one of those on host " << host_name() << " has not answered for " << deadline.seconds
       << " s while memory was shared in \"" << deadline.step << "\":";
  for (const int other : ranks)
    if (other != rank()) text << (other == ranks[own == 0 ? 1 : 0] ? " " : ", ") << peer_name(other);
  state_->windows.push_back(
      std::make_unique<MpiSharedMemory>(state_->handle, ranks, NodeWindow::kHeaderBytes + region_bytes,
                                        TimeLimit{.seconds = deadline.seconds, .text = text.str()}));
  return std::make_unique<MpiWindow>(*state_->windows.back(), own, region_bytes);
}

}  // namespace crossilo
