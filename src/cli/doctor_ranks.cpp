// The part of `crossilo doctor` that runs under mpirun, and its start.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "../launch/mpirun.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/comm/mpi_communicator.hpp"
#include "crossilo/comm/ring_sum.hpp"
#include "crossilo/launch/signals.hpp"
#include "doctor_checks.hpp"

namespace crossilo {
namespace {

constexpr int kRanks = 2;
constexpr double kSecondsMax = 30.0;
constexpr double kClockSecondsMax = 1.0;

struct Output {
  std::string text;
  int status = 0;
};

/// What a command prints, stderr too.
Output output_of(const std::string& line) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((line + " 2>&1").c_str(), "r"), [](FILE*) { return 0; });
  if (!pipe) return {"cannot be started", -1};
  Output output;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    output.text.append(buffer.data(), got);
  output.status = ::pclose(pipe.get());
  while (!output.text.empty() && output.text.back() == '\n') output.text.pop_back();
  return output;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
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

std::vector<Finding> check_mpi() try {
  for (const std::string& entry : mpirun_environment())
    if (const std::size_t equals = entry.find('='); equals != std::string::npos)
      ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, /*overwrite=*/0);
  std::vector<std::string> command = mpirun_start(kRanks);
  command.insert(command.end(), {own_program(), "doctor", "--rank"});
  const std::string line = fmt::format("timeout {:.0f} {}", kSecondsMax, shell_line(command));
  const Output output = output_of(line);
  const std::string told = last_line(output.text);
  const std::size_t space = told.find(' ');
  char* parsed = nullptr;
  const double seconds = std::strtod(told.c_str(), &parsed);
  if (output.status != 0 || space == std::string::npos || parsed != told.c_str() + space)
    return {{"MPI", false, fmt::format("{} ranks could not sum: {}", kRanks, told),
             fmt::format("try it by hand: {}; CROSSILO_MPIRUN names another mpirun", shell_line(command))}};
  const std::string clocks = fmt::format("differ by at most {:.3g} ms", 1000.0 * seconds);
  return {{"MPI", true, fmt::format("{}; {} ranks summed, words wrap", told.substr(space + 1), kRanks), ""},
          {"clocks", seconds <= kClockSecondsMax, clocks,
           "let all hosts follow a time server (chrony, systemd-timesyncd)"}};
} catch (const Error& error) {
  return {{"MPI", false, error.what(), "install Open MPI: jobs/setup.sh"}};
}

}  // namespace crossilo
