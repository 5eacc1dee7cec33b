// Aim: a round that runs like the one before it takes no memory: no allocation of ours, no page that is touched anew.
// Method: every operator new and every malloc of the process counted between two rounds of a real MPI job. What the
// libraries below us (OpenSSL, Open MPI) take is malloc without operator new: counted and printed, not judged.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "round/fake_federation.hpp"
#include "support/mpi_main.hpp"

namespace {

std::atomic<bool> counts{false};
std::atomic<long> news{0};
std::atomic<long> mallocs{0};

void* counted_new(std::size_t size) {
  if (counts) ++news;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsInstrumented = true;  // then malloc is the sanitizer's, and so are most page faults
#else
constexpr bool kIsInstrumented = false;
extern "C" {
void* __libc_malloc(std::size_t size);
void* malloc(std::size_t size) {
  if (counts) ++mallocs;
  return __libc_malloc(size);
}
}
#endif

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace crossilo::test {
namespace {

long page_faults() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_minflt;
}

struct Counted {
  long news = 0;
  long of_libraries = 0;
  long page_faults = 0;
};

/// What the rounds from `first` to `last` took. The federation asks once a round whether to stop: there we look.
Counted count_rounds(FakeRun run, std::uint32_t first, std::uint32_t last) {
  Counted counted;
  long faults = 0;
  run.rounds = last + 1;
  run.keeps_records = false;
  run.wants_stop = [&](std::uint32_t round) {
    if (round == first) {
      faults = page_faults();
      news = mallocs = 0;
      counts = true;
    } else if (round == last + 1) {
      counts = false;
      counted = {.news = news, .of_libraries = mallocs - news, .page_faults = page_faults() - faults};
    }
    return false;
  };
  (void)run_fake(mpi_communicator(), run);
  return counted;
}

/// A thousand rounds, the first twenty left out.
void expect_steady(FakeRun run) {
  constexpr std::uint32_t kFirst = 20;
  constexpr std::uint32_t kLast = 1020;
  const Counted counted = count_rounds(std::move(run), kFirst, kLast);
  EXPECT_EQ(counted.news, 0);
  // How many messages lie in Open MPI's queues at once depends on time, and so do the pages it takes for them.
  if (!kIsInstrumented) {
    EXPECT_LE(counted.page_faults, mpi_communicator().size() == 1 ? 0 : (kLast - kFirst) / 10);
  }
  if (mpi_communicator().rank() == 0)
    std::printf("a round: %.3f allocations, %.3f page faults; %.1f allocations of libraries\n",
                static_cast<double>(counted.news) / (kLast - kFirst),
                static_cast<double>(counted.page_faults) / (kLast - kFirst),
                static_cast<double>(counted.of_libraries) / (kLast - kFirst));
}

TEST(SteadyRound, takes_no_memory_with_all_silos) { expect_steady({.silos = 8, .parameters = 5003}); }

TEST(SteadyRound, takes_no_memory_with_a_sample_of_the_silos) {
  expect_steady({.silos = 8, .parameters = 5003, .silos_per_round = 3});
}

TEST(SteadyRound, takes_no_memory_in_narrow_lanes_with_buffers) {
  expect_steady({.silos = 8, .parameters = 5003, .lane_bits = 16, .buffers = 17});
}

TEST(SteadyRound, takes_no_memory_where_remainders_are_fed_back) {
  expect_steady({.silos = 8, .parameters = 5003, .lane_bits = 8});
}

}  // namespace
}  // namespace crossilo::test
