// Aim: what a test under mpirun gets from its main.
// Method: one session and one communicator for the whole program, made before the first test.
#pragma once

#include "crossilo/comm/mpi_communicator.hpp"

namespace crossilo::test {

[[nodiscard]] MpiSession& mpi_session();
[[nodiscard]] MpiCommunicator& mpi_communicator();

}  // namespace crossilo::test
