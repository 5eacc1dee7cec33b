#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "command_line.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/partition.hpp"
#include "crossilo/data/synthetic.hpp"
#include "data_options.hpp"
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
    .example = R"(
Example:
  crossilo data synth --alpha 1 --beta 1 --silos 4 --output 'data/synth/{silo}.h5'
)"};

}  // namespace

int run_data_synth(int argc, char** argv) {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("alpha", po::value<double>()->default_value(1.0, "1"), "standard deviation of the models' means");
  add("beta", po::value<double>()->default_value(1.0, "1"), "standard deviation of the features' means");
  add("silos", po::value<std::string>()->value_name("K"), "how many; they are named silo0, silo1, ...");
  add_row_split_options(options);
  add("output", po::value<std::string>()->value_name("PATTERN"), "where to write; {silo} becomes the silo's name");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const DataOptions given(kText.name, *values);
  given.require("silos");
  given.require("output");
  const SyntheticOptions recipe{.alpha = given.get<double>("alpha"),
                                .beta = given.get<double>("beta"),
                                .silos = given.silos(),
                                .split = row_split_of(given)};
  for (const auto& [name, value] : {std::pair{"alpha", recipe.alpha}, std::pair{"beta", recipe.beta}})
    if (!(value >= 0.0 && value <= 1000.0)) given.refuse(fmt::format("{} = {}: 0 to 1000 is wanted", name, value));
  const Texts paths = output_paths(given, part_names(recipe.silos), {});
  const auto silos = synthetic_silos(recipe);
  for (std::size_t i = 0; i < silos.size(); ++i) write_silo(paths[i], silos[i]);
  return 0;
}

}  // namespace crossilo
