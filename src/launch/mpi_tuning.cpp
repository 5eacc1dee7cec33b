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
#include <map>

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
  const auto is_small = [&](const char* parameter, std::uint64_t bytes_max) {
    const bool is_enough = bytes_max >= kSocketBytesMin;
    if (is_enough) set(parameter, std::to_string(std::min(bytes_max, kSocketBytesMax)));
    return !is_enough && !facts.chosen.contains(parameter);  // a smaller one than the kernel finds itself would do harm
  };
  tuning.small_buffers = {.sends = is_small(kSendBuffer, facts.send_buffer_bytes_max),
                          .receives = is_small(kReceiveBuffer, facts.receive_buffer_bytes_max)};
  set(kEagerLimit, std::to_string(kEagerBytes));
  set(kCollectives, "^han");  // takes minutes over a long link for what takes seconds
  return tuning;
}

std::string buffers_warning(std::span<const SmallBuffers> of_rank, const std::vector<std::string>& host_of_rank) {
  constexpr std::size_t kNamedMax = 5;
  std::map<SmallBuffers, std::set<std::string>> hosts_with;
  for (std::size_t rank = 0; rank < of_rank.size(); ++rank)
    if (of_rank[rank] != SmallBuffers{}) hosts_with[of_rank[rank]].insert(host_of_rank[rank]);
  const std::size_t all = std::set(host_of_rank.begin(), host_of_rank.end()).size();
  std::vector<std::string> parts;
  for (const auto& [small, hosts] : hosts_with) {
    std::vector<std::string> named(hosts.begin(), hosts.end());
    if (named.size() > kNamedMax) named.resize(kNamedMax);
    std::string where = "every host";
    if (hosts.size() < all) {
      where = fmt::format("{} of {} hosts ({}", hosts.size(), all, fmt::join(named, ", "));
      where += hosts.size() > named.size() ? fmt::format(" and {} more)", hosts.size() - named.size()) : ")";
    }
    parts.push_back(fmt::format("on {}: sysctl -w", where));
    if (small.sends) parts.back() += fmt::format(" net.core.wmem_max={}", kSocketBytesMax);
    if (small.receives) parts.back() += fmt::format(" net.core.rmem_max={}", kSocketBytesMax);
  }
  if (parts.empty()) return "";
  return fmt::format("the kernel allows sockets too small a buffer to fill a long link between sites; as root, {}",
                     fmt::join(parts, "; "));
}

std::string agree_on_buffers(Communicator& communicator, SmallBuffers own, const std::vector<std::string>& host_of_rank,
                             const Deadline& deadline) {
  std::vector<std::uint8_t> all(2 * static_cast<std::size_t>(communicator.size()));  // no peer writes a bool
  const std::uint8_t mine[] = {own.sends, own.receives};
  all_gather(communicator, std::as_bytes(std::span(mine)), std::as_writable_bytes(std::span(all)), deadline);
  std::vector<SmallBuffers> of_rank;
  for (std::size_t i = 0; i < all.size(); i += 2)
    of_rank.push_back({.sends = all[i] != 0, .receives = all[i + 1] != 0});
  return buffers_warning(of_rank, host_of_rank);
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
