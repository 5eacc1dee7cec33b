#include <fmt/format.h>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/partition.hpp"
#include "crossilo/data/synthetic.hpp"
#include "silo_output.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "data synth",
    .usage =
        "Usage: crossilo data synth --silos K --output 'FOLDER/{silo}.h5' [options]\n"
        "Makes the data of FedProx, synthetic(alpha, beta): 60 columns, 10 classes, silos of 50 rows and more.\n"
        "The larger alpha, the more their true models differ; the larger beta, the more their columns do.\n\n",
    .example = "\nExample: crossilo data synth --alpha 1 --beta 1 --silos 4 --output 'data/synth/{silo}.h5'\n",
    .positional = {}};
constexpr std::size_t kSilosMax = 10000;

[[noreturn]] void refuse(const std::string& what) {
  throw ConfigError("data synth: " + what + "; see crossilo data synth --help");
}

SyntheticOptions checked_options(const po::variables_map& values) {
  for (const char* needed : {"silos", "output"})
    if (values.count(needed) == 0) refuse(fmt::format("--{} is missing", needed));
  const SyntheticOptions options{
      .alpha = values["alpha"].as<double>(),
      .beta = values["beta"].as<double>(),
      .silos = values["silos"].as<std::size_t>(),
      .split = {.test_fraction = values["test_fraction"].as<double>(), .seed = values["seed"].as<std::uint64_t>()}};
  for (const auto& [name, value] : {std::pair{"alpha", options.alpha}, std::pair{"beta", options.beta}})
    if (!(value >= 0.0 && value <= 1000.0)) refuse(fmt::format("{} = {}: 0 to 1000 is wanted", name, value));
  if (options.silos < 1 || options.silos > kSilosMax)
    refuse(fmt::format("silos = {}: 1 to {} are wanted", options.silos, kSilosMax));
  if (!(options.split.test_fraction >= 0.0 && options.split.test_fraction < 1.0))
    refuse(fmt::format("test_fraction = {}: a number from 0 to below 1 is wanted", options.split.test_fraction));
  return options;
}

}  // namespace

int run_data_synth(int argc, char** argv) {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("alpha", po::value<double>()->default_value(1.0, "1"), "standard deviation of the models' means");
  add("beta", po::value<double>()->default_value(1.0, "1"), "standard deviation of the features' means");
  add("silos", po::value<std::size_t>()->value_name("K"), "how many; they are named silo0, silo1, ...");
  add("test_fraction", po::value<double>()->default_value(0.25, "0.25"), "rows set apart for testing");
  add("seed", po::value<std::uint64_t>()->default_value(1), "another seed, other data");
  add("output", po::value<std::string>()->value_name("PATTERN"), "where to write; {silo} becomes the silo's name");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const SyntheticOptions wanted = checked_options(*values);
  const std::string output = (*values)["output"].as<std::string>();
  if (const std::string fault = output_fault(output, wanted.silos); !fault.empty()) refuse(fault);
  const std::vector<SiloData> silos = synthetic_silos(wanted);
  const std::vector<std::string> names = part_names(wanted.silos);
  for (std::size_t silo = 0; silo < names.size(); ++silo) write_silo(output, names[silo], silos[silo]);
  return 0;
}

}  // namespace crossilo
