#include "crossilo/foreign/mpi_window.hpp"

#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <exception>

namespace crossilo {
namespace {

constexpr std::size_t kLineBytes = 64;
constexpr int kTag = 0x4000;

// What a signal handler reads while an Alarm lives.
std::string last_words;
struct sigaction action_before;

extern "C" void on_alarm(int signal) {
  // Nothing can be done here about words that cannot be written.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, last_words.data(), last_words.size());
  if ((action_before.sa_flags & SA_SIGINFO) == 0 && action_before.sa_handler != SIG_DFL &&
      action_before.sa_handler != SIG_IGN)
    action_before.sa_handler(signal);  // launch/signals: it ends the process, too
  ::_exit(static_cast<int>(ExitCode::peer_lost));
}

/// The calls below wait for all members and know no deadline: while this lives, SIGALRM ends a process whose peer has
/// died meanwhile. A process has one alarm clock: who has set it before gets it back.
class Alarm {
 public:
  explicit Alarm(const TimeLimit& limit) {
    last_words = "crossilo: " + limit.text + '\n';
    struct sigaction action {};
    action.sa_handler = on_alarm;
    if (::sigaction(SIGALRM, &action, &action_before) != 0)
      throw EnvironmentError(std::string("sigaction failed: ") + std::strerror(errno));
    constexpr double kSecondsMax = 1e6;
    const auto seconds = static_cast<unsigned>(std::ceil(std::min(limit.seconds, kSecondsMax)));
    before_seconds_ = ::alarm(seconds);
    if (before_seconds_ > 0 && before_seconds_ < seconds) ::alarm(before_seconds_);
  }
  ~Alarm() {
    ::alarm(before_seconds_);
    // It cannot fail: the same call went well before.
    static_cast<void>(::sigaction(SIGALRM, &action_before, nullptr));
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  unsigned before_seconds_ = 0;
};

MPI_Comm native_of(const MpiCommunicatorHandle& communicator) {
  return *static_cast<const MPI_Comm*>(communicator.native());
}

std::byte* aligned(void* address) {
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(address) % kLineBytes;
  return static_cast<std::byte*>(address) + (beyond == 0 ? 0 : kLineBytes - beyond);
}

}  // namespace

int lowest_rank_of_node(const MpiCommunicatorHandle& communicator) {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(native_of(communicator), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group near = MPI_GROUP_NULL;
  check_mpi(MPI_Comm_group(native_of(communicator), &all), "MPI_Comm_group");
  check_mpi(MPI_Comm_group(node, &near), "MPI_Comm_group");
  const int first = 0;
  int lowest = 0;
  check_mpi(MPI_Group_translate_ranks(near, 1, &first, all, &lowest), "MPI_Group_translate_ranks");
  check_mpi(MPI_Group_free(&all), "MPI_Group_free");
  check_mpi(MPI_Group_free(&near), "MPI_Group_free");
  check_mpi(MPI_Comm_free(&node), "MPI_Comm_free");
  return lowest;
}

struct MpiSharedMemory::Native {
  MPI_Comm communicator = MPI_COMM_NULL;
  MPI_Win window = MPI_WIN_NULL;
  std::vector<std::byte*> blocks;
  int exceptions_at_start = std::uncaught_exceptions();
};

MpiSharedMemory::MpiSharedMemory(const MpiCommunicatorHandle& communicator, std::span<const int> ranks,
                                 std::size_t block_bytes, const TimeLimit& limit)
    : native_(std::make_unique<Native>()) {
  const Alarm alarm(limit);
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group own = MPI_GROUP_NULL;
  check_mpi(MPI_Comm_group(native_of(communicator), &all), "MPI_Comm_group");
  check_mpi(MPI_Group_incl(all, static_cast<int>(ranks.size()), ranks.data(), &own), "MPI_Group_incl");
  check_mpi(MPI_Comm_create_group(native_of(communicator), own, kTag, &native_->communicator), "MPI_Comm_create_group");
  check_mpi(MPI_Group_free(&own), "MPI_Group_free");
  check_mpi(MPI_Group_free(&all), "MPI_Group_free");
  void* base = nullptr;
  check_mpi(MPI_Win_allocate_shared(static_cast<MPI_Aint>(block_bytes + kLineBytes), 1, MPI_INFO_NULL,
                                    native_->communicator, &base, &native_->window),
            "MPI_Win_allocate_shared");
  // The counters of a window are atomic words of the machine; MPI only has to know that memory is accessed.
  check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, native_->window), "MPI_Win_lock_all");
  for (int member = 0; member < static_cast<int>(ranks.size()); ++member) {
    MPI_Aint bytes = 0;
    int unit = 0;
    void* address = nullptr;
    check_mpi(MPI_Win_shared_query(native_->window, member, &bytes, &unit, &address), "MPI_Win_shared_query");
    native_->blocks.push_back(aligned(address));
  }
  std::memset(aligned(base), 0, block_bytes);  // touches the pages: what does not fit fails here
  check_mpi(MPI_Barrier(native_->communicator), "MPI_Barrier");
}

MpiSharedMemory::~MpiSharedMemory() {
  if (std::uncaught_exceptions() > native_->exceptions_at_start) return;
  // A destructor cannot report a failure; MPI_Finalize meets it again.
  static_cast<void>(MPI_Win_unlock_all(native_->window));
  static_cast<void>(MPI_Win_free(&native_->window));
  static_cast<void>(MPI_Comm_free(&native_->communicator));
}

const std::vector<std::byte*>& MpiSharedMemory::blocks() const noexcept { return native_->blocks; }

}  // namespace crossilo
