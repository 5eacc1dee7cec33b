#include "crossilo/launch/mpi_tuning.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crossilo/base/text.hpp"

namespace crossilo {
namespace {

// Measured over 1 Gbit/s with 40 ms round trip, 33 MB each way (docs/decisions/0010). A socket must hold what is under
// way; a message above the eager limit waits for a round trip of its own before it starts.
constexpr std::uint64_t kSocketBytesMin = std::uint64_t{4} << 20;
constexpr std::uint64_t kSocketBytesMax = std::uint64_t{16} << 20;  // 1 Gbit/s over 100 ms and more
constexpr std::uint64_t kEagerBytes = std::uint64_t{1} << 20;

constexpr const char* kSendBuffer = "btl_tcp_sndbuf";
constexpr const char* kReceiveBuffer = "btl_tcp_rcvbuf";
constexpr const char* kEagerLimit = "btl_tcp_eager_limit";
constexpr const char* kCollectives = "coll";
constexpr const char* kYield = "mpi_yield_when_idle";
constexpr std::array kParameters = {kSendBuffer, kReceiveBuffer, kEagerLimit, kCollectives, kYield};

std::string variable_of(const std::string& parameter) { return "OMPI_MCA_" + parameter; }

int number_in(const char* text) {
  int number = 0;
  if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), number);
  return number;
}

/// The most of "4(x2),3": Slurm's tasks of each node.
int most_tasks(const char* text) {
  int most = 0;
  if (text != nullptr)
    for (const std::string& part : parts_of(text, ',')) most = std::max(most, number_in(part.c_str()));
  return most;
}

/// What a socket gets that asks for as much as it can use; the limits in /proc are not shown in every container.
std::uint64_t granted_bytes(int option) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return 0;
  const int wanted = kSocketBytesMax;
  int granted = 0;
  socklen_t size = sizeof(granted);
  const bool is_known = ::setsockopt(socket, SOL_SOCKET, option, &wanted, sizeof(wanted)) == 0 &&
                        ::getsockopt(socket, SOL_SOCKET, option, &granted, &size) == 0;
  ::close(socket);
  return is_known ? static_cast<std::uint64_t>(granted) / 2 : 0;  // the kernel doubles what it grants
}

/// Where Open MPI reads parameters from: as its own variable says, otherwise the user's and the machine's file.
std::vector<std::string> parameter_files(const Environment& environment) {
  for (const char* variable : {"OMPI_MCA_mca_base_param_files", "OMPI_MCA_mca_param_files"})
    if (const char* const files = environment(variable)) return parts_of(files, ',');
  std::vector<std::string> files{"/etc/openmpi/openmpi-mca-params.conf"};
  if (const char* const home = environment("HOME")) files.push_back(std::string(home) + "/.openmpi/mca-params.conf");
  const auto programs = std::filesystem::path(CROSSILO_MPIEXEC).parent_path();
  files.push_back((programs.parent_path() / "etc/openmpi-mca-params.conf").string());
  return files;
}

}  // namespace

MpiTuning mpi_tuning(const MpiFacts& facts) {
  MpiTuning tuning;
  const auto set = [&](const char* parameter, const std::string& value) {
    if (!facts.chosen.contains(parameter)) tuning.settings.emplace_back(parameter, value);
  };
  if (facts.ranks_here > facts.cores) set(kYield, "1");
  if (!facts.crosses_hosts) return tuning;
  std::vector<std::string> limits;
  const auto set_buffer = [&](const char* parameter, std::uint64_t bytes_max, const char* limit) {
    if (bytes_max >= kSocketBytesMin)
      set(parameter, std::to_string(std::min(bytes_max, kSocketBytesMax)));
    else if (!facts.chosen.contains(parameter))  // a smaller one than the kernel finds by itself would do harm
      limits.push_back(fmt::format("net.core.{}={}", limit, kSocketBytesMax));
  };
  set_buffer(kSendBuffer, facts.send_buffer_bytes_max, "wmem_max");
  set_buffer(kReceiveBuffer, facts.receive_buffer_bytes_max, "rmem_max");
  set(kEagerLimit, std::to_string(kEagerBytes));
  set(kCollectives, "^han");  // takes minutes over a long link for what takes seconds
  if (!limits.empty())
    tuning.warning = fmt::format(
        "the kernel allows sockets too small a buffer to fill a long link between sites; as root, on every host: "
        "sysctl -w {}",
        fmt::join(limits, " "));
  return tuning;
}

std::set<std::string> parameters_in_files(const std::vector<std::string>& paths) {
  std::set<std::string> names;
  for (const std::string& path : paths) {
    std::ifstream file(path);  // most of them are not there
    for (std::string line; std::getline(file, line);) {
      const std::string_view setting = std::string_view(line).substr(0, line.find('#'));
      if (const std::size_t equals = setting.find('='); equals != std::string_view::npos)
        names.emplace(trimmed(setting.substr(0, equals)));
    }
  }
  return names;
}

MpiFacts mpi_facts(const Environment& environment) {
  MpiFacts facts{.cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)),
                 .send_buffer_bytes_max = granted_bytes(SO_SNDBUF),
                 .receive_buffer_bytes_max = granted_bytes(SO_RCVBUF),
                 .chosen = parameters_in_files(parameter_files(environment))};
  if (const int ranks = number_in(environment("OMPI_COMM_WORLD_SIZE")); ranks > 0) {
    facts.ranks_here = std::max(1, number_in(environment("OMPI_COMM_WORLD_LOCAL_SIZE")));
    facts.crosses_hosts = facts.ranks_here < ranks;
  } else if (const auto launch = detect_launch(environment); launch && launch->launcher == "srun") {
    facts.ranks_here = std::max(1, most_tasks(environment("SLURM_STEP_TASKS_PER_NODE")));
    facts.crosses_hosts =
        number_in(environment("SLURM_STEP_NUM_NODES")) > 1 || number_in(environment("SLURM_HET_SIZE")) > 1;
  }
  for (const char* parameter : kParameters)
    if (environment(variable_of(parameter).c_str()) != nullptr) facts.chosen.insert(parameter);
  return facts;
}

MpiTuning tune_mpi() {
  MpiTuning tuning = mpi_tuning(mpi_facts([](const char* variable) { return std::getenv(variable); }));
  for (const auto& [parameter, value] : tuning.settings)
    ::setenv(variable_of(parameter).c_str(), value.c_str(), /*overwrite=*/0);
  return tuning;
}

}  // namespace crossilo
