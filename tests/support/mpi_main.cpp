// Aim: run GoogleTest on every rank under mpirun, so that a failure on any rank fails the run.
// Method: rank 0 prints as usual, the others only their failures; a fatal failure aborts the job, since peers may wait.
#include "support/mpi_main.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdio>
#include <exception>

namespace crossilo::test {
namespace {

MpiSession* the_session = nullptr;
MpiCommunicator* the_communicator = nullptr;

class FailurePrinter : public ::testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}

  void OnTestStart(const ::testing::TestInfo& test) override { test_ = &test; }

  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s.%s: %s:%d: %s\n", rank_, test_ == nullptr ? "?" : test_->test_suite_name(),
                 test_ == nullptr ? "?" : test_->name(), result.file_name() == nullptr ? "?" : result.file_name(),
                 result.line_number(), result.message());
    if (!result.fatally_failed()) return;
    std::fflush(nullptr);
    MpiSession::abort(ExitCode::internal);
  }

 private:
  int rank_;
  const ::testing::TestInfo* test_ = nullptr;
};

int run(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  MpiSession session;
  MpiCommunicator communicator(session.duplicate_world());
  the_session = &session;
  the_communicator = &communicator;
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (communicator.rank() != 0) delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailurePrinter(communicator.rank()));
  const int mine = RUN_ALL_TESTS();
  int any = mine;
  check_mpi(MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD), "MPI_Allreduce");
  return any;
}

}  // namespace

MpiSession& mpi_session() { return *the_session; }
MpiCommunicator& mpi_communicator() { return *the_communicator; }

}  // namespace crossilo::test

int main(int argc, char** argv) {
  try {
    return crossilo::test::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test main: %s\n", error.what());
    crossilo::MpiSession::abort(crossilo::ExitCode::internal);
  }
}
