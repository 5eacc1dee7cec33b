// Aim: a rank of the real program that is killed or stopped at a chosen step, without any hook in the program.
// Method: loaded in front of MPI, OpenSSL and libc (LD_PRELOAD). The variables:
//   FAULT_RANK, FAULT_SIGNAL, FAULT_AT  which rank, by which signal, at which of the calls that count (1: the first)
//   FAULT_CALL   "mask": calls that make a stretch of a mask; "wait": the first look in vain after such calls, if no
//                message was sent between; a number: MPI_Isend of words under that tag; "arrival" and a number: words
//                under that tag have come, and the program does not know yet
//   FAULT_DONE   a file that is made when it strikes; where it is, nothing strikes any more
//   FAULT_SLOW_FILE  the end of an HDF5 file's path: it takes 8 s longer to open
//   FAULT_ALARM_SECONDS  no alarm is set later than that
//   FAULT_NO_SHARED_MEMORY  set: /dev/shm has no room, so ranks of a node send each other messages
//   FAULT_SMALL_SOCKETS  set: sockets get small buffers, whatever they ask for
//   FAULT_SLOW_MASKS  set: all ranks but that one take their time over each stretch of a mask
#include <dlfcn.h>
#include <fcntl.h>
#include <mpi.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace {

constexpr int kWordsMin = 100;  // statistics and control messages are shorter
constexpr useconds_t kSlowMicroseconds = 500;

thread_local bool has_masked = false;  // since the last message

const char* text_of(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

bool is_wanted_call(const char* kind) { return std::strcmp(text_of("FAULT_CALL"), kind) == 0; }

bool is_of_this_rank() {
  const char* const rank = text_of("OMPI_COMM_WORLD_RANK");
  return *rank != '\0' && std::strcmp(rank, text_of("FAULT_RANK")) == 0;
}

/// Counts a call, and strikes at the one that is wanted.
void count_call() {
  static const bool is_mine = is_of_this_rank();
  static int left = std::atoi(text_of("FAULT_AT"));
  if (!is_mine || --left != 0) return;
  if (::open(text_of("FAULT_DONE"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) < 0) return;
  (void)std::raise(std::atoi(text_of("FAULT_SIGNAL")));
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int MPI_Isend(const void* words, int count, MPI_Datatype type, int to, int tag, MPI_Comm communicator,
              MPI_Request* request) {
  static const int wanted = std::atoi(text_of("FAULT_CALL"));
  has_masked = false;
  if (tag == wanted && count >= kWordsMin) count_call();
  return PMPI_Isend(words, count, type, to, tag, communicator, request);
}

int MPI_Get_count(const MPI_Status* status, MPI_Datatype type, int* count) {
  static const char kArrival[] = "arrival ";
  static const char* const call = text_of("FAULT_CALL");
  static const int wanted =
      std::strncmp(call, kArrival, std::strlen(kArrival)) == 0 ? std::atoi(call + std::strlen(kArrival)) : -1;
  const int code = PMPI_Get_count(status, type, count);
  if (status->MPI_TAG == wanted && *count >= kWordsMin) count_call();
  return code;
}

int sched_yield() noexcept {
  static const bool is_wanted = is_wanted_call("wait");
  static const auto original = next<int()>("sched_yield");
  if (is_wanted && std::exchange(has_masked, false)) count_call();
  return original();
}

int EVP_EncryptUpdate(void* context, unsigned char* out, int* out_length, const unsigned char* in, int length) {
  static const bool is_wanted = is_wanted_call("mask");
  static const bool is_slow = std::getenv("FAULT_SLOW_MASKS") != nullptr && !is_of_this_rank();
  static const auto original = next<decltype(EVP_EncryptUpdate)>("EVP_EncryptUpdate");
  if (length >= kWordsMin) has_masked = true;
  if (is_slow && length >= kWordsMin) ::usleep(kSlowMicroseconds);
  if (is_wanted && length >= kWordsMin) count_call();
  return original(context, out, out_length, in, length);
}

std::int64_t H5Fopen(const char* path, unsigned flags, std::int64_t access) {
  static const auto original = next<std::int64_t(const char*, unsigned, std::int64_t)>("H5Fopen");
  const std::string slow = text_of("FAULT_SLOW_FILE");
  if (!slow.empty() && std::string(path).ends_with(slow)) ::sleep(8);
  return original(path, flags, access);
}

unsigned alarm(unsigned seconds) noexcept {
  static const auto original = next<unsigned(unsigned)>("alarm");
  const auto most = static_cast<unsigned>(std::atoi(text_of("FAULT_ALARM_SECONDS")));
  return original(most == 0 ? seconds : std::min(seconds, most));
}

int setsockopt(int socket, int level, int option, const void* value, socklen_t size) noexcept {
  static const auto original = next<int(int, int, int, const void*, socklen_t)>("setsockopt");
  const int small = 65536;
  const bool is_buffer = level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF);
  if (std::getenv("FAULT_SMALL_SOCKETS") != nullptr && is_buffer)
    return original(socket, level, option, &small, sizeof(small));
  return original(socket, level, option, value, size);
}

int statvfs(const char* path, struct statvfs* room) noexcept {
  static const auto original = next<int(const char*, struct statvfs*)>("statvfs");
  const int code = original(path, room);
  if (std::getenv("FAULT_NO_SHARED_MEMORY") != nullptr && std::strcmp(path, "/dev/shm") == 0) room->f_bavail = 0;
  return code;
}
}
