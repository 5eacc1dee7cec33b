#include "process_tree.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "crossilo/base/error.hpp"

namespace crossilo {
namespace {

/// The fields behind the name in /proc/PID/stat, "pid (name) state parent …"; none when the process is gone.
std::vector<std::string> stat_fields(const std::string& pid) {
  std::ostringstream read;  // an iterator over the file would throw where the process ends between opening and reading
  read << std::ifstream("/proc/" + pid + "/stat").rdbuf();
  const std::string text = read.str();
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

pid_t parent_of(const std::string& pid) {
  const std::vector<std::string> fields = stat_fields(pid);
  return fields.size() < 2 ? 0 : static_cast<pid_t>(std::atol(fields[1].c_str()));
}

std::set<pid_t> own_children() {
  std::set<pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, not_a_number] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (not_a_number == std::errc() && end == name.data() + name.size() && parent_of(name) == ::getpid())
      children.insert(pid);
  }
  return children;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// All that happens between fork and exec; only async-signal-safe calls. Returns when exec fails.
void become(char* const* command, char* const* environment, const sigset_t& signal_mask, pid_t parent) {
  if (::setpgid(0, 0) != 0) return;
  // Should this program be killed, mpirun gets SIGTERM and ends the ranks.
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || ::getppid() != parent) return;
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return;
  if (null != STDIN_FILENO) ::close(null);
  if (::sigprocmask(SIG_SETMASK, &signal_mask, nullptr) != 0) return;
  ::execve(command[0], command, environment);
}

/// Waits for exec on the other end of a pipe: 0 when it went well (the pipe closes), otherwise its errno.
int exec_error_from(int descriptor) {
  int error = 0;
  ssize_t count = 0;
  do count = ::read(descriptor, &error, sizeof(error));
  while (count < 0 && errno == EINTR);
  ::close(descriptor);
  return count == sizeof(error) ? error : 0;
}

}  // namespace

long processor_ticks(pid_t pid) {
  constexpr std::size_t kUserTicks = 11;  // counted from the state, the first field behind the name
  const std::vector<std::string> fields = stat_fields(std::to_string(pid));
  if (fields.size() <= kUserTicks + 1) return -1;
  return std::atol(fields[kUserTicks].c_str()) + std::atol(fields[kUserTicks + 1].c_str());
}

std::set<std::string> shared_segments(pid_t pid) {
  std::set<std::string> segments;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);)
    for (const std::string_view beginning : {"/dev/shm/vader_segment.", "/dev/shm/sm_segment."})
      if (const std::size_t at = line.find(beginning); at != std::string::npos && !line.ends_with(" (deleted)"))
        segments.insert(line.substr(at));
  return segments;
}

ProcessTree::ProcessTree(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                         const sigset_t& signal_mask)
    : children_before_(own_children()) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto fail = [&](int error) {
    ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
    throw EnvironmentError(command.front() + " cannot be started: " + std::strerror(error));
  };
  const std::vector<char*> words = pointers_to(command);
  const std::vector<char*> variables = pointers_to(environment);
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) fail(errno);
  const pid_t parent = ::getpid();
  command_ = ::fork();
  if (command_ == 0) {
    become(words.data(), variables.data(), signal_mask, parent);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(pipe_ends[1], &error, sizeof(error));
    ::_exit(127);
  }
  const int fork_error = errno;
  ::close(pipe_ends[1]);
  const int error = command_ < 0 ? (::close(pipe_ends[0]), fork_error) : exec_error_from(pipe_ends[0]);
  if (error != 0) {
    if (command_ > 0) ::waitpid(command_, nullptr, 0);
    fail(error);
  }
}

ProcessTree::~ProcessTree() {
  end_all();
  ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
}

std::optional<int> ProcessTree::ended() {
  int status = 0;
  if (!status_ && ::waitpid(command_, &status, WNOHANG) == command_) status_ = status;
  return status_;
}

void ProcessTree::signal_command(int signal) const {
  if (!status_) ::kill(command_, signal);
}

void ProcessTree::signal_group(int signal) const {
  if (!status_) ::kill(-command_, signal);
}

void ProcessTree::end_all() noexcept {
  constexpr double kKillSecondsMax = 10.0;
  // A killed process hands its own children to us: look again until there is nothing to kill.
  for (bool found = true; found;) {
    found = false;
    for (const pid_t child : own_children()) {
      if (children_before_.count(child) != 0) continue;
      found = true;
      ::kill(child, SIGKILL);
      if (reap(child, kKillSecondsMax)) continue;
      children_before_.insert(child);
      std::fprintf(stderr, "crossilo: process %ld does not end, though it was killed; is its file system there?\n",
                   static_cast<long>(child));
    }
  }
}

bool ProcessTree::reap(pid_t child, double seconds) noexcept {
  constexpr double kPauseSeconds = 0.005;
  for (double waited = 0.0; waited < seconds; waited += kPauseSeconds) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child && child == command_) status_ = status;
    if (ended == child || (ended < 0 && errno == ECHILD)) return true;
    const timespec pause{0, static_cast<long>(kPauseSeconds * 1e9)};
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

}  // namespace crossilo
