#include "crossilo/foreign/mpi.hpp"

#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <utility>

namespace crossilo {
namespace {

// MPI_Abort asks a daemon that may be dead or stopped; SIGALRM ends the process if no answer comes.
constexpr unsigned kAbortSecondsMax = 10;
std::atomic<int> abort_code{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only use lock-free atomics");

extern "C" void on_abort_deadline(int) { ::_exit(abort_code.load()); }

std::string header_version() {
#if defined(OPEN_MPI)
  return "Open MPI v" + std::to_string(OMPI_MAJOR_VERSION) + "." + std::to_string(OMPI_MINOR_VERSION);
#elif defined(MPICH_VERSION)
  return std::string("MPICH Version:      ") + MPICH_VERSION;
#else
  return "";
#endif
}

bool mpi_is_active() noexcept {
  int initialized = 0;
  int finalized = 0;
  return MPI_Initialized(&initialized) == MPI_SUCCESS && MPI_Finalized(&finalized) == MPI_SUCCESS && initialized != 0 &&
         finalized == 0;
}

}  // namespace

void check_mpi(int return_code, const char* call, std::source_location where) {
  if (return_code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (MPI_Error_string(return_code, text, &length) != MPI_SUCCESS) length = 0;
  throw MpiError(std::string(call) + " failed with code " + std::to_string(return_code) + ": " +
                 std::string(text, static_cast<std::size_t>(length)) + " (" + where.file_name() + ":" +
                 std::to_string(where.line()) + ")");
}

void require_same_mpi(std::string_view header, std::string_view loaded) {
  if (header.empty()) return;
  const bool same = loaded.starts_with(header) &&
                    (loaded.size() == header.size() || loaded[header.size()] < '0' || loaded[header.size()] > '9');
  if (same) return;
  throw MpiError("this program was built with " + std::string(header) + ", but the loaded MPI library says '" +
                 std::string(loaded) +
                 "'. Start it with the mpirun of the MPI it was built with (by absolute path), and leave "
                 "LD_LIBRARY_PATH unset; or build it again with this MPI (MPI_HOME)");
}

struct MpiCommunicatorHandle::Native {
  MPI_Comm communicator = MPI_COMM_NULL;
  int exceptions_at_start = std::uncaught_exceptions();

  ~Native() {
    // Peers may be gone while an exception unwinds, and the process is about to end anyway.
    if (communicator == MPI_COMM_NULL || std::uncaught_exceptions() > exceptions_at_start || !mpi_is_active()) return;
    // A destructor cannot report a failure; MPI_Finalize meets it again.
    static_cast<void>(MPI_Comm_free(&communicator));
  }
};

MpiCommunicatorHandle::MpiCommunicatorHandle(std::unique_ptr<Native> native) : native_(std::move(native)) {}
MpiCommunicatorHandle::MpiCommunicatorHandle(MpiCommunicatorHandle&&) noexcept = default;
MpiCommunicatorHandle& MpiCommunicatorHandle::operator=(MpiCommunicatorHandle&&) noexcept = default;
MpiCommunicatorHandle::~MpiCommunicatorHandle() = default;
const void* MpiCommunicatorHandle::native() const noexcept { return &native_->communicator; }

MpiSession::MpiSession() : exceptions_at_start_(std::uncaught_exceptions()) {
  require_same_mpi(header_version(), library_version());
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED)
    throw MpiError("this MPI library (" + library_version() +
                   ") offers no MPI_THREAD_FUNNELED, which libtorch's threads need; use one built with threads");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

MpiSession::~MpiSession() {
  if (std::uncaught_exceptions() > exceptions_at_start_ || !mpi_is_active()) return;
  // A destructor cannot throw; mpirun reports a process that could not finalize.
  static_cast<void>(MPI_Finalize());
}

MpiCommunicatorHandle MpiSession::duplicate_world() {
  auto native = std::make_unique<MpiCommunicatorHandle::Native>();
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &native->communicator), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(native->communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return MpiCommunicatorHandle(std::move(native));
}

void MpiSession::abort(ExitCode exit_code) noexcept {
  const int code = static_cast<int>(exit_code);
  if (mpi_is_active()) {
    // Whatever else waits for SIGALRM would end with a code, and words, of its own.
    abort_code.store(code);
    struct sigaction action {};
    action.sa_handler = on_abort_deadline;
    static_cast<void>(::sigaction(SIGALRM, &action, nullptr));  // ended by the signal itself where it fails
    ::alarm(kAbortSecondsMax);
    static_cast<void>(MPI_Abort(MPI_COMM_WORLD, code));
  }
  ::_exit(code);
}

std::string MpiSession::library_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  check_mpi(MPI_Get_library_version(text, &length), "MPI_Get_library_version");
  const std::string_view all(text);  // Open MPI counts the terminating zero in `length`
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace crossilo
