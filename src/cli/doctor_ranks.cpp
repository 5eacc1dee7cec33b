// The part of `crossilo doctor` that runs under mpirun, and its start.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "../launch/mpirun.hpp"
#include "../launch/mpirun_words.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/unix_time.hpp"
#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/launch/signals.hpp"
#include "doctor_checks.hpp"

namespace crossilo {
namespace {

constexpr int kRanks = 2;
constexpr double kSecondsMax = 30.0;
constexpr double kClockSecondsMax = 1.0;

std::string last_line(const std::string& text) {
  const std::size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

/// The largest difference between this rank's clock and another's; an upper bound, since the messages take time too.
double clock_difference(Communicator& communicator, const Deadline& deadline) {
  const double own = unix_seconds();
  std::vector<double> all(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(all)), deadline);
  double largest = 0.0;
  for (const double other : all) largest = std::max(largest, std::abs(other - own));
  return largest;
}

}  // namespace

int run_doctor_rank() {
  const EndDeadline end(kSecondsMax);
  MpiSession session;
  MpiCommunicator communicator(session.duplicate_world());
  const Deadline deadline{.seconds = kSecondsMax, .step = "doctor"};
  if (communicator.size() != kRanks)
    throw EnvironmentError(
        fmt::format("{} ranks were started, but MPI joined {} of them", kRanks, communicator.size()));
  RingSum(communicator, {}).self_test(deadline);
  const double difference = clock_difference(communicator, deadline);
  if (communicator.rank() == 0)
    fmt::print("{:.6f} {}, {}\n", difference, MpiSession::library_version(), loaded_library("libmpi.so"));
  return 0;
}

Finding check_mpirun() try {
  const std::string path = mpirun_start(kRanks).front();
  const CommandOutput output = output_of({path, "--version"}, kSecondsMax);
  const std::string told = output.text.substr(0, output.text.find('\n'));
  const std::string found = fmt::format("{}, {}", path, told.empty() ? "which says no version" : told);
  // "mpirun (Open MPI) 4.1.4" beside "Open MPI v4.1.4, package: …"
  const std::string library = MpiSession::library_version();
  const std::size_t v = library.find('v');
  const std::string version = v == std::string::npos ? "" : library.substr(v + 1, library.find(',') - v - 1);
  if (output.status == 0 && told.ends_with(" " + version)) return {"mpirun", true, found, ""};
  return {"mpirun", false, fmt::format("{}, but the library is {}", found, library.substr(0, library.find(','))),
          "set CROSSILO_MPIRUN to the mpirun of the MPI that crossilo was built with"};
} catch (const Error& error) {
  return {"mpirun", false, error.what(), "install Open MPI: jobs/setup.sh"};
}

std::vector<Finding> check_mpi() try {
  std::vector<std::string> command = mpirun_start(kRanks);
  command.insert(command.end(), {own_program(), "doctor", "--rank"});
  const CommandOutput output = output_of(command, kSecondsMax);
  const std::string told = last_line(output.text);
  const std::size_t space = told.find(' ');
  char* parsed = nullptr;
  const double seconds = std::strtod(told.c_str(), &parsed);
  if (output.status != 0 || space == std::string::npos || parsed != told.c_str() + space) {
    const std::string refusal = mpirun_refusal(kRanks);
    return {{"MPI", false, fmt::format("{} ranks could not sum: {}", kRanks, refusal.empty() ? told : refusal),
             fmt::format("try it by hand: {}; CROSSILO_MPIRUN names another mpirun", shell_line(command))}};
  }
  const std::string clocks = fmt::format("differ by at most {:.3g} ms", 1000.0 * seconds);
  return {{"MPI", true, fmt::format("{}; {} ranks summed, words wrap", told.substr(space + 1), kRanks), ""},
          {"clocks", seconds <= kClockSecondsMax, clocks,
           "let all hosts follow a time server (chrony, systemd-timesyncd)"}};
} catch (const Error& error) {
  return {{"MPI", false, error.what(), "install Open MPI: jobs/setup.sh"}};
}

}  // namespace crossilo
