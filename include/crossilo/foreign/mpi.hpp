// Aim: MPI's life cycle, its errors and its communicators as C++ objects; <mpi.h> stays out of this header.
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "crossilo/base/error.hpp"

namespace crossilo {

/// A failed MPI call, or an MPI library that this program cannot work with.
class MpiError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// Returns only if `return_code` is MPI_SUCCESS. Throws: MpiError with the call, the code, MPI's text and the place.
void check_mpi(int return_code, const char* call, std::source_location where = std::source_location::current());

/// Returns only if `loaded` (what MPI_Get_library_version says) is the library of `header` ("Open MPI v4.1"; empty
/// where the header names no product). Throws: MpiError that names both and what to do.
void require_same_mpi(std::string_view header, std::string_view loaded);

/// An MPI communicator of our own; move-only. Collective: built and freed by one owner, on all ranks alike.
class MpiCommunicatorHandle {
 public:
  MpiCommunicatorHandle(MpiCommunicatorHandle&&) noexcept;
  MpiCommunicatorHandle& operator=(MpiCommunicatorHandle&&) noexcept;
  ~MpiCommunicatorHandle();

  /// Address of the MPI_Comm, for comm/ alone. Alive until: the handle dies.
  [[nodiscard]] const void* native() const noexcept;

 private:
  friend class MpiSession;
  struct Native;
  explicit MpiCommunicatorHandle(std::unique_ptr<Native> native);
  std::unique_ptr<Native> native_;
};

/// MPI is usable while this object lives; one thread per process calls it. One session per process.
class MpiSession {
 public:
  /// Collective. Throws: MpiError when the loaded library is not the one that the program was built with.
  MpiSession();
  /// Ends MPI; leaves it as it is while an exception unwinds, since MPI_Finalize would wait for lost peers.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// A duplicate of the world, so that our messages meet nobody else's. Collective; must die before the session.
  [[nodiscard]] MpiCommunicatorHandle duplicate_world();

  /// Ends the whole job, peers included, with this exit code; works without a session too. Under mpirun's
  /// --enable-recovery only this process ends: the peers meet their deadlines, and mpirun returns 0.
  [[noreturn]] static void abort(ExitCode exit_code) noexcept;

  /// The product and version of the loaded library, in one line.
  [[nodiscard]] static std::string library_version();

 private:
  int exceptions_at_start_;
};

}  // namespace crossilo
