// Aim: of several processes the one that has ended is known, soon, and no other.
// Method: forked children, killed, stopped or alive; places of other machines and process namespaces.
#include "crossilo/launch/peer_watch.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace crossilo {
namespace {

class Child {
 public:
  Child() : pid_(::fork()) {
    while (pid_ == 0) ::pause();
  }
  ~Child() {
    if (pid_ > 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void end() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

ProcessPlace place_of(const Child& child) {
  ProcessPlace place = own_process_place();
  place.pid = child.pid();
  return place;
}

/// What many looks over half a second find.
std::optional<int> found_by(PeerWatch& watch) {
  for (int look = 0; look < 50; ++look) {
    if (const auto ended = watch.ended_peer()) return ended;
    ::usleep(10'000);
  }
  return std::nullopt;
}

TEST(PeerWatch, NamesTheOneThatWasKilled) {
  Child one;
  Child other;
  PeerWatch watch({place_of(one), own_process_place(), place_of(other)}, 1);
  EXPECT_EQ(found_by(watch), std::nullopt);
  ::kill(one.pid(), SIGSTOP);
  EXPECT_EQ(found_by(watch), std::nullopt) << "one that hangs is there: its deadline tells";
  other.end();
  EXPECT_EQ(watch.ended_peer(), std::nullopt) << "one look is not enough";
  EXPECT_EQ(found_by(watch), 2);
}

TEST(PeerWatch, KnowsNothingOfOtherMachines) {
  Child child;
  ProcessPlace other_boot = place_of(child);
  ProcessPlace other_namespace = place_of(child);
  ProcessPlace unknown = place_of(child);
  other_boot.boot.front() ^= 1;
  ++other_namespace.process_namespace;
  unknown.boot = {};
  child.end();
  PeerWatch watch({own_process_place(), other_boot, other_namespace}, 0);
  EXPECT_EQ(found_by(watch), std::nullopt);
  PeerWatch blind({unknown, unknown}, 0);
  EXPECT_EQ(found_by(blind), std::nullopt);
}

TEST(PeerWatch, BlamesNobodyOnceItsLauncherIsGone) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  Child peer;
  if (const pid_t launcher = ::fork(); launcher == 0) {
    if (::fork() == 0) {
      PeerWatch watch({own_process_place(), place_of(peer)}, 0);
      const pid_t parent = ::getppid();
      const char ready = 'r';
      if (::write(pipe_ends[1], &ready, 1) != 1) ::_exit(1);
      while (::getppid() == parent) ::usleep(1000);
      ::kill(peer.pid(), SIGKILL);
      const char found = found_by(watch) ? 'y' : 'n';
      ::_exit(::write(pipe_ends[1], &found, 1) == 1 ? 0 : 1);
    }
    ::pause();
  } else {
    char answer = 0;
    ASSERT_EQ(::read(pipe_ends[0], &answer, 1), 1);
    ::kill(launcher, SIGKILL);
    ::waitpid(launcher, nullptr, 0);
    ::usleep(300'000);
    peer.end();  // so that no zombie of it is left
    ASSERT_EQ(::read(pipe_ends[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'n');
  }
}

}  // namespace
}  // namespace crossilo
