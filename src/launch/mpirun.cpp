#include "mpirun.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "crossilo/base/error.hpp"
#include "crossilo/io/progress.hpp"

namespace crossilo {
namespace {

constexpr const char* kMpirunVariable = "CROSSILO_MPIRUN";

/// Never searched for in PATH: another MPI's mpirun starts N worlds of one rank each.
std::string mpirun_path() {
  const char* const chosen = std::getenv(kMpirunVariable);
  const std::string path = chosen != nullptr ? chosen : CROSSILO_MPIEXEC;
  if (path.empty() || path.front() != '/' || ::access(path.c_str(), X_OK) != 0)
    throw EnvironmentError(
        fmt::format("{} = \"{}\": the absolute path of a program that can be run is wanted; install "
                    "Open MPI, or set {} to the mpirun of the MPI that crossilo was built with",
                    chosen != nullptr ? kMpirunVariable : "mpirun", path, kMpirunVariable));
  return path;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-+=:,./@%").find(c) != std::string_view::npos;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::vector<std::string> without_option(const std::vector<std::string>& arguments, const std::string& option) {
  std::vector<std::string> kept;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (arguments[at] == option)
      ++at;  // and its value
    else if (!arguments[at].starts_with(option + "="))
      kept.push_back(arguments[at]);
  }
  return kept;
}

std::string own_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw EnvironmentError("/proc/self/exe cannot be read: " + error.message() + "; mount /proc");
  return path.string();
}

std::vector<std::string> mpirun_start(int ranks) {
  return {mpirun_path(), "-q", "--oversubscribe", "--bind-to", "none", "-np", std::to_string(ranks)};
}

std::vector<std::string> mpirun_command(const SupervisorOptions& options, const RunFolder& folder) {
  std::vector<std::string> command = mpirun_start(options.ranks);
  command.push_back(options.program.empty() ? own_program() : options.program);
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  command.insert(command.end(), {"--run_folder", folder.path()});
  return command;
}

std::vector<std::string> mpirun_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const auto set_default = [&](const std::string& name, const std::string& value) {
    if (std::getenv(name.c_str()) == nullptr) environment.push_back(name + "=" + value);
  };
  set_default("OMP_NUM_THREADS", "1");  // N ranks share the cores; more threads each would fight for them
  set_default("MKL_NUM_THREADS", "1");
  set_default(kSupervisedVariable, "1");
  set_default(kColumnsVariable, std::to_string(live_columns()));
  if (::geteuid() == 0) {
    set_default("OMPI_ALLOW_RUN_AS_ROOT", "1");
    set_default("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  return environment;
}

std::string shell_line(const std::vector<std::string>& command) {
  std::vector<std::string> words;
  for (const std::string& word : command) words.push_back(quoted(word));
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace crossilo
