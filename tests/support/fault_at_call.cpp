// Aim: a rank of the real program that is killed or stopped at a chosen step, without any hook in the program.
// Method: loaded in front of MPI, OpenSSL and libc (LD_PRELOAD). The variables:
//   FAULT_RANK, FAULT_SIGNAL, FAULT_AT  which rank, by which signal, at which of the calls that count (1: the first)
//   FAULT_CALL   "mask": calls that make a stretch of a mask; a number: MPI_Isend of words under that tag
//   FAULT_DONE   a file that is made when it strikes; where it is, nothing strikes any more
//   FAULT_ALARM_SECONDS  no alarm is set later than that
//   FAULT_NO_SHARED_MEMORY  set: /dev/shm has no room, so ranks of a node send each other messages
#include <dlfcn.h>
#include <fcntl.h>
#include <mpi.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kWordsMin = 100;  // statistics and control messages are shorter

const char* text_of(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

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
  if (tag == wanted && count >= kWordsMin) count_call();
  return PMPI_Isend(words, count, type, to, tag, communicator, request);
}

int EVP_EncryptUpdate(void* context, unsigned char* out, int* out_length, const unsigned char* in, int length) {
  static const bool is_wanted = std::strcmp(text_of("FAULT_CALL"), "mask") == 0;
  static const auto original = next<decltype(EVP_EncryptUpdate)>("EVP_EncryptUpdate");
  if (is_wanted && length >= kWordsMin) count_call();
  return original(context, out, out_length, in, length);
}

unsigned alarm(unsigned seconds) noexcept {
  static const auto original = next<unsigned(unsigned)>("alarm");
  const auto most = static_cast<unsigned>(std::atoi(text_of("FAULT_ALARM_SECONDS")));
  return original(most == 0 ? seconds : std::min(seconds, most));
}

int statvfs(const char* path, struct statvfs* room) noexcept {
  static const auto original = next<int(const char*, struct statvfs*)>("statvfs");
  const int code = original(path, room);
  if (std::getenv("FAULT_NO_SHARED_MEMORY") != nullptr && std::strcmp(path, "/dev/shm") == 0) room->f_bavail = 0;
  return code;
}
}
