#include "crossilo/cli/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/io/json_text.hpp"
#include "doctor_checks.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

constexpr const char* kHelp =
    R"(Looks whether this machine is fit to train: MPI, libtorch, HDF5, memory, limits, clocks.
Starts two short ranks with mpirun. Each line that is not fine has its fix below it; the exit code is 3 then, else 0.

  --json    a JSON array, one object a line

Example:  crossilo doctor
)";

std::string findings_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    array.push_back(
        {{"name", finding.name}, {"is_fine", finding.is_fine}, {"found", finding.found}, {"fix", finding.fix}});
  return json_text(array);
}

std::vector<Finding> all_findings() {
  std::vector<Finding> findings = check_mpi();
  findings.push_back(check_mpirun());
  for (Finding (*check)() : {&check_libtorch, &check_cuda, &check_hdf5, &check_shared_memory, &check_limits,
                             &check_entropy, &check_cores, &check_folder})
    findings.push_back(check());
  return findings;
}

}  // namespace

std::string doctor_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{}  {:<14} {}\n", finding.is_fine ? "fine" : "BAD ", finding.name, finding.found);
    if (!finding.is_fine) text += fmt::format("      {:<14} to mend it: {}\n", "", finding.fix);
  }
  return text;
}

int run_doctor(int argc, char** argv) {
  po::options_description options;
  options.add_options()("json", "")("help,h", "")("rank", "");
  po::variables_map values;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(argv, argv + argc))
                  .options(options)
                  .positional({})
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              values);
  } catch (const po::error& error) {
    throw ConfigError(fmt::format("doctor: {}; see crossilo doctor --help", error.what()));
  }
  if (values.count("help") > 0) return fmt::print("{}", kHelp), 0;
  if (values.count("rank") > 0) return run_doctor_rank();
  const std::vector<Finding> findings = all_findings();
  fmt::print("{}", values.count("json") > 0 ? findings_json(findings) : doctor_text(findings));
  const bool all_fine = std::ranges::all_of(findings, &Finding::is_fine);
  return static_cast<int>(all_fine ? ExitCode::success : ExitCode::environment);
}

}  // namespace crossilo
