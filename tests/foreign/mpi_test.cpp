// Aim: MPI failures become errors that say what to do; our communicator is our own.
// Method: real failing calls under mpirun; version texts of several libraries.
#include "crossilo/foreign/mpi.hpp"

#include <gtest/gtest.h>
#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <type_traits>

#include "support/mpi_main.hpp"

namespace {
bool abort_hangs = false;
}

// In front of the library's, which asks a daemon that may never answer.
extern "C" int MPI_Abort(MPI_Comm communicator, int code) {
  if (!abort_hangs) return PMPI_Abort(communicator, code);
  ::raise(SIGALRM);  // the alarm, without the wait
  return MPI_SUCCESS;
}

namespace crossilo::test {
namespace {

static_assert(!std::is_copy_constructible_v<MpiCommunicatorHandle> &&
              !std::is_copy_assignable_v<MpiCommunicatorHandle>);
static_assert(std::is_nothrow_move_constructible_v<MpiCommunicatorHandle>);

std::string error_of(std::string_view header, std::string_view loaded) {
  try {
    require_same_mpi(header, loaded);
  } catch (const MpiError& error) {
    return error.what();
  }
  return "";
}

TEST(MpiTest, AFailedCallIsNamedWithItsPlace) {
  EXPECT_NO_THROW(check_mpi(MPI_SUCCESS, "MPI_Test"));
  int rank = 0;
  try {
    check_mpi(MPI_Comm_rank(MPI_COMM_NULL, &rank), "MPI_Comm_rank");
    ADD_FAILURE() << "a null communicator has no rank";
  } catch (const MpiError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("MPI_Comm_rank failed with code"), std::string::npos) << text;
    EXPECT_NE(text.find("MPI_ERR_COMM"), std::string::npos) << text;
    EXPECT_NE(text.find("mpi_test.cpp:"), std::string::npos) << text;
    EXPECT_EQ(error.exit_code(), ExitCode::environment);
  }
}

TEST(MpiTest, AnotherLibraryThanTheHeadersIsRefused) {
  EXPECT_EQ(error_of("Open MPI v4.1", "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"), "");
  EXPECT_EQ(error_of("Open MPI v4.1", "Open MPI v4.1"), "");
  EXPECT_EQ(error_of("", "Some MPI 1.0"), "");
  EXPECT_NE(error_of("Open MPI v4.1", "Open MPI v4.10.1, package: none"), "");
  EXPECT_NE(error_of("Open MPI v4.1", "MPICH Version:      4.1"), "");
  const std::string text = error_of("Open MPI v4.1", "Open MPI v5.0.11, package: PyPI");
  EXPECT_NE(text.find("built with Open MPI v4.1, but the loaded MPI library says 'Open MPI v5.0.11"),
            std::string::npos);
  EXPECT_NE(text.find("by absolute path"), std::string::npos);
}

TEST(MpiTest, TheLibraryOfThisTestIsTheHeaders) {
  EXPECT_NE(MpiSession::library_version().find(std::to_string(OMPI_MAJOR_VERSION)), std::string::npos);
  EXPECT_EQ(MpiSession::library_version().find('\n'), std::string::npos);
}

TEST(MpiTest, ADuplicateHasTheRanksOfTheWorldAndIsNotTheWorld) {
  MpiCommunicatorHandle first = mpi_session().duplicate_world();
  const MpiCommunicatorHandle moved = std::move(first);
  int comparison = MPI_UNEQUAL;
  check_mpi(MPI_Comm_compare(*static_cast<const MPI_Comm*>(moved.native()), MPI_COMM_WORLD, &comparison),
            "MPI_Comm_compare");
  EXPECT_EQ(comparison, MPI_CONGRUENT);
}

TEST(MpiTest, AnAbortThatHangsEndsWithTheCodeThatWasGiven) {
  const auto abort_in_vain = [] {
    ::signal(SIGALRM, [](int) { ::_exit(99); });  // of a deadline that was set before
    abort_hangs = true;
    MpiSession::abort(ExitCode::data);
  };
  EXPECT_EXIT(abort_in_vain(), testing::ExitedWithCode(static_cast<int>(ExitCode::data)), "^$");
}

}  // namespace
}  // namespace crossilo::test
