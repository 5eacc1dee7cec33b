// Aim: the ranks of a site agree on one id and sum words that wrap; who is lost is named, and whatever fails aborts.
// Method: sites of LocalCommunicator's ranks on pretended devices; with CUDA on a GPU, where NCCL allows a world of
// one.
#include "crossilo/comm/nccl_communicator.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "crossilo/comm/local_communicator.hpp"
#include "support/cuda_on_host/nccl_faults.hpp"
#include "support/gpu.hpp"

namespace crossilo {
namespace {

constexpr Deadline kDeadline{.seconds = 30.0, .step = "start of NCCL"};

TEST(NcclSite, EverySiteGetsTheIdOfItsFirstRank) {
  const std::vector<std::vector<int>> sites{{0, 3, 4}, {1}, {2, 5}};
  run_local_ranks({.size = 6, .seed = 3}, [&](Communicator& communicator) {
    for (const std::vector<int>& site : sites) {
      if (std::find(site.begin(), site.end(), communicator.rank()) == site.end()) continue;
      NcclId id;
      id.fill(static_cast<std::byte>(100 + communicator.rank()));
      share_in_site(communicator, site, id, kDeadline);
      for (const std::byte byte : id) ASSERT_EQ(byte, static_cast<std::byte>(100 + site.front()));
    }
  });
}

TEST(NcclSite, ASilentFirstRankIsNamed) {
  try {
    run_local_ranks({.size = 3, .seed = 3}, [](Communicator& communicator) {
      NcclId id{};
      if (communicator.rank() != 0) share_in_site(communicator, std::array{0, 1, 2}, id, kDeadline);
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const PeerLostError& error) {
    EXPECT_EQ(error.lost_rank(), 0);
    EXPECT_STREQ(error.what(), "rank 0 has not answered for 30 s in \"start of NCCL\"");
  }
}

using NcclGpuTest = testing::GpuTest;

template <class Word>
Word word_of(std::size_t rank, std::size_t i) {
  return static_cast<Word>(~Word{0} - 3 * i - rank);  // totals wrap
}

/// Every rank of the site gets its part of the total, then all of it.
template <class Word>
void expect_sums(NcclCommunicator& site, std::size_t words) {
  const std::size_t padded = site.padded(words);
  std::vector<Word> own(padded);
  std::vector<Word> total(padded, 0);
  for (std::size_t i = 0; i < padded; ++i) {
    own[i] = word_of<Word>(site.rank(), i);
    for (std::size_t rank = 0; rank < site.size(); ++rank) total[i] += word_of<Word>(rank, i);
  }
  testing::OnDevice on_device(own);
  const CudaStream stream;
  site.start_reduce_scatter(on_device.span(), stream);
  site.wait(kDeadline);
  const std::vector<Word> after = on_device.back();
  const DeviceSpan<Word> part = site.own_part(on_device.span());
  const auto first = static_cast<std::size_t>(part.data - on_device.span().data);
  for (std::size_t i = first; i < first + part.size; ++i) ASSERT_EQ(after[i], total[i]);
  site.start_all_gather(on_device.span(), stream);
  site.wait(kDeadline);
  EXPECT_EQ(on_device.back(), total);
}

/// Runs ranks on devices of their own; NCCL refuses two ranks on one GPU, so there it is a world of one.
void run_site(int ranks, const std::function<void(Communicator&)>& rank_main) {
  run_local_ranks({.size = cuda_version() == "pretended" ? ranks : 1, .seed = 3}, rank_main);
}

std::vector<int> all_ranks(const Communicator& communicator) {
  std::vector<int> ranks(static_cast<std::size_t>(communicator.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

TEST_F(NcclGpuTest, SumsWordsThatWrap) {
  for (const int ranks : {1, 2, 3, 5})
    run_site(ranks, [](Communicator& communicator) {
      NcclCommunicator site(communicator, all_ranks(communicator), kDeadline);
      for (const std::size_t words : {1U, 7U, 1000U}) {
        expect_sums<std::uint32_t>(site, words);
        expect_sums<std::uint64_t>(site, words);
      }
    });
}

TEST_F(NcclGpuTest, EndsAtOnceWhileAnExceptionUnwinds) {
  run_site(1, [](Communicator& communicator) {
    testing::OnDevice words(std::vector<std::uint32_t>(1 << 20));
    const CudaStream stream;
    EXPECT_THROW(
        {
          NcclCommunicator site(communicator, {0}, kDeadline);
          site.start_reduce_scatter(words.span(), stream);
          throw InternalError("in the middle of a sum");
        },
        InternalError);
    EXPECT_EQ(words.back().size(), words.span().size);  // the device still works
  });
}

TEST_F(NcclGpuTest, AfterAnAbortNothingGoesOn) {
  NcclHandle half(make_nccl_id(), {.rank = 0, .size = 2});  // nobody else ever comes
  EXPECT_FALSE(half.ready());
  half.abort();
  EXPECT_THROW((void)half.ready(), InternalError);
}

/// What each rank of a site of `ranks` throws when the last one ends before the first sum; empty: nothing.
std::vector<std::string> errors_without_the_last(int ranks, const std::function<void(NcclCommunicator&)>& last_does) {
  std::vector<std::string> errors(static_cast<std::size_t>(ranks));
  run_local_ranks({.size = ranks, .seed = 3}, [&](Communicator& communicator) {
    try {
      NcclCommunicator site(communicator, all_ranks(communicator), kDeadline);
      if (communicator.rank() == ranks - 1) return last_does(site);
      expect_sums<std::uint32_t>(site, 10);
    } catch (const PeerLostError& error) {
      errors[static_cast<std::size_t>(communicator.rank())] = error.what();
    } catch (const NcclError& error) {
      errors[static_cast<std::size_t>(communicator.rank())] = error.what();
    } catch (const InternalError&) {
    }
  });
  return errors;
}

TEST_F(NcclGpuTest, ARankThatDoesNotComeEndsTheOthersWithinTheDeadline) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "takes several ranks on one GPU";
  const auto does_nothing = [](NcclCommunicator&) {};
  EXPECT_EQ(errors_without_the_last(2, does_nothing)[0], "rank 1 has not answered for 30 s in \"start of NCCL\"");
  // Of several, NCCL does not say which it was; the signs of life do.
  const std::string expected = "rank 2 has not answered for 30 s in \"start of NCCL\"";
  EXPECT_EQ(errors_without_the_last(3, does_nothing), (std::vector<std::string>{expected, expected, ""}));
}

TEST_F(NcclGpuTest, AfterTheDeadlineNothingStaysOnTheDevice) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "takes several ranks on one GPU";
  run_local_ranks({.size = 2, .seed = 3}, [](Communicator& communicator) {
    NcclCommunicator site(communicator, all_ranks(communicator), kDeadline);
    if (communicator.rank() == 1) return;
    EXPECT_THROW(expect_sums<std::uint32_t>(site, 10), PeerLostError);
    EXPECT_THROW((void)site.test(), InternalError);  // it is aborted
  });
}

TEST_F(NcclGpuTest, ARankThatFailsEndsTheOthersAtOnce) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "takes several ranks on one GPU";
  const auto fails = [](NcclCommunicator&) { throw InternalError("this rank has a bug"); };
  EXPECT_EQ(errors_without_the_last(2, fails)[0], "rank 1 can no longer be reached: a rank has aborted");
  EXPECT_EQ(errors_without_the_last(3, fails)[0], "rank 2 has not answered for 30 s in \"start of NCCL\"");
}

/// The pretended NCCL's faults, while a test wants them.
struct WithFaults {
  explicit WithFaults(testing::NcclFaults faults) { testing::nccl_faults = faults; }
  ~WithFaults() { testing::nccl_faults = {}; }
};

TEST_F(NcclGpuTest, ALostRankIsNamedThoughNcclTellsOfAnotherFailure) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "takes several ranks on one GPU";
  const WithFaults faults({.hides_the_peer = true});
  const auto fails = [](NcclCommunicator&) { throw InternalError("this rank has a bug"); };
  for (const int ranks : {2, 3}) {
    const std::string expected =
        "rank " + std::to_string(ranks - 1) + " has not answered for 30 s in \"start of NCCL\"";
    EXPECT_EQ(errors_without_the_last(ranks, fails)[0], expected);
  }
}

TEST_F(NcclGpuTest, AFailureOfNcclItselfIsToldWhereAllRanksLive) {
  if (cuda_version() != "pretended") GTEST_SKIP() << "takes several ranks on one GPU";
  const auto sums_too = [](NcclCommunicator& site) { expect_sums<std::uint32_t>(site, 10); };
  for (const bool fails_at_call : {false, true}) {
    const WithFaults faults({.failing_rank = 0, .fails_at_call = fails_at_call});
    EXPECT_EQ(errors_without_the_last(3, sums_too)[0], "all ranks of this site are alive, but unhandled system error");
  }
}

}  // namespace
}  // namespace crossilo
