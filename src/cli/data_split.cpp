#include <fmt/format.h>

#include <utility>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/partition.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "data_options.hpp"
#include "import_summary.hpp"
#include "silo_output.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "data split",
    .usage =
        "Usage: crossilo data split FILE --silos K --by RULE --output 'FOLDER/{silo}.h5' [options]\n"
        "Deals out rows to K silo files, silo0, silo1, …; docs/data-import.md explains the rules.\n"
        "FILE: a silo file, or a CSV file with the recipe of crossilo data import; --idx_images and its kin instead of "
        "FILE.\n\n",
    .example =
        "\nExample: crossilo data split data/heart/va.h5 --silos 4 --by quantity --output "
        "'data/example/{silo}.h5'\n",
    .positional = {"FILE"},
    .positional_optional = true};

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("silos", po::value<std::string>()->value_name("K"), "how many silos to make");
  add("by", po::value<std::string>()->value_name("RULE"), "iid, dirichlet (by class), quantity, or column");
  add("alpha", po::value<double>()->default_value(0.3, "0.3"), "dirichlet, quantity: the smaller, the more unlike");
  add("column", po::value<std::string>()->value_name("COLUMN"),
      "by column: rows of one value go together; any of a CSV");
  add_row_split_options(options);
  add_output_options(options);
  add_recipe_options(options);
  add_idx_options(options);
  return options;
}

PartitionRule rule_of(const DataOptions& given) {
  const std::string text = given.text("by");
  for (const PartitionRule rule :
       {PartitionRule::iid, PartitionRule::dirichlet, PartitionRule::quantity, PartitionRule::column})
    if (text == to_string(rule)) return rule;
  given.refuse(fmt::format("by = \"{}\": iid, dirichlet, quantity or column is wanted", text));
}

PartitionOptions partition_options(const DataOptions& given) {
  for (const char* needed : {"silos", "by", "output"}) given.require(needed);
  PartitionOptions options;
  options.rule = rule_of(given);
  options.silos = given.silos();
  options.alpha = given.get<double>("alpha");
  options.seed = given.whole_number("seed");
  const bool is_drawn = options.rule == PartitionRule::dirichlet || options.rule == PartitionRule::quantity;
  if (!is_drawn && !given.is_default("alpha"))
    given.refuse(fmt::format("--alpha has no meaning with --by {}", to_string(options.rule)));
  if ((options.rule == PartitionRule::column) != given.has("column"))
    given.refuse("--by column and --column COLUMN go together");
  options.column = given.text("column");
  return options;
}

SiloData read_whole_silo_file(const DataOptions& given, const std::string& path) {
  refuse_csv_options(given, fmt::format("has no meaning here: {} is a silo file", path));
  if (given.has("classes")) given.refuse(fmt::format("--classes has no meaning here: {} names its own", path));
  if (!given.is_default("test_fraction"))
    given.refuse(fmt::format("--test_fraction has no meaning here: {} has its rows to test on", path));
  SiloData data = read_silo_file(path);
  if (given.has("origin")) data.origin = origin_of(given);
  return data;
}

/// By a column of a CSV file rows are dealt out by its cells as they stand, whether it is a feature or not.
SiloData read_csv_file(const DataOptions& given, const std::string& path, PartitionOptions& options) {
  std::vector<SiloTable> tables;
  tables.push_back({"", read_csv(path, csv_options(given))});
  ImportRecipe recipe = recipe_of(given);
  recipe.key_column = options.column;
  std::vector<ImportedSilo> silos = import_silos(tables, recipe);
  require_two_classes(silos);
  if (!options.column.empty()) options.keys = std::move(silos.front().keys);
  return std::move(silos.front().data);
}

/// The rows to be dealt out, and the file that messages name.
std::pair<std::string, SiloData> read_source(const DataOptions& given, PartitionOptions& options) {
  if (are_images(given)) {
    if (!given.files().empty()) given.refuse("either FILE or --idx_images is wanted");
    return {given.text("idx_images"), import_idx(idx_import_of(given))};
  }
  if (given.files().size() != 1) given.refuse(fmt::format("one FILE is wanted, {} are given", given.files().size()));
  const std::string path = given.files().front();
  const bool is_silo_file = is_hdf5_file(path) || path.ends_with(".h5");
  return {path, is_silo_file ? read_whole_silo_file(given, path) : read_csv_file(given, path, options)};
}

/// What a part's file says of its making.
std::string origin_of_part(const SiloData& data, const PartitionOptions& options) {
  std::string rule = to_string(options.rule);
  if (options.rule == PartitionRule::column) rule += " " + options.column;
  if (options.rule == PartitionRule::dirichlet || options.rule == PartitionRule::quantity)
    rule += fmt::format(" {}", options.alpha);
  return fmt::format("{}{}1 of {} silos by {}, seed {}", data.origin, data.origin.empty() ? "" : "; ", options.silos,
                     rule, options.seed);
}

}  // namespace

int run_data_split(int argc, char** argv) {
  const auto values = parse_command_line(kText, option_list(), argc, argv);
  if (!values) return 0;
  const DataOptions given(kText.name, *values);
  PartitionOptions options = partition_options(given);
  const Texts paths = output_paths(given, part_names(options.silos), given.inputs());

  auto [path, data] = read_source(given, options);
  data.origin = origin_of_part(data, options);
  Partition partition;
  try {
    partition = partition_rows(data, options);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  for (std::size_t silo = 0; silo < paths.size(); ++silo) write_silo(paths[silo], part_of(data, partition, silo));
  return 0;
}

}  // namespace crossilo
