#include <fmt/format.h>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/partition.hpp"
#include "silo_output.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText = {
    "data split",
    "Usage: crossilo data split FILE.h5 --silos K --by RULE --output 'FOLDER/{silo}.h5' [options]\n"
    "Deals out the rows of one silo file to K silo files, silo0, silo1, …; docs/data-import.md explains the rules.\n\n",
    "\nExample: crossilo data split all.h5 --silos 8 --by dirichlet --alpha 0.3 --output 'data/parts/{silo}.h5'\n",
    {"file"}};

[[noreturn]] void refuse(const std::string& what) {
  throw ConfigError("data split: " + what + "; see crossilo data split --help");
}

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("silos", po::value<std::size_t>()->value_name("K"), "how many silos to make");
  add("by", po::value<std::string>()->value_name("RULE"), "iid, dirichlet (by class), quantity, or column");
  add("alpha", po::value<double>()->default_value(0.3, "0.3"), "dirichlet, quantity: the smaller, the more unlike");
  add("column", po::value<std::string>()->value_name("COLUMN"), "by column: rows of one value go together");
  add("seed", po::value<std::uint64_t>()->default_value(1), "another seed, another split");
  add("output", po::value<std::string>()->value_name("PATTERN"), "where to write; {silo} becomes the silo's name");
  return options;
}

PartitionRule rule_of(const std::string& text) {
  for (const PartitionRule rule :
       {PartitionRule::iid, PartitionRule::dirichlet, PartitionRule::quantity, PartitionRule::column})
    if (text == to_string(rule)) return rule;
  refuse(fmt::format("by = \"{}\": iid, dirichlet, quantity or column is wanted", text));
}

PartitionOptions partition_options(const po::variables_map& values) {
  for (const char* needed : {"silos", "by", "output"})
    if (values.count(needed) == 0) refuse(fmt::format("--{} is missing", needed));
  PartitionOptions options;
  options.rule = rule_of(values["by"].as<std::string>());
  options.silos = values["silos"].as<std::size_t>();
  options.alpha = values["alpha"].as<double>();
  options.seed = values["seed"].as<std::uint64_t>();
  const bool is_drawn = options.rule == PartitionRule::dirichlet || options.rule == PartitionRule::quantity;
  if (!is_drawn && !values["alpha"].defaulted())
    refuse(fmt::format("--alpha has no meaning with --by {}", to_string(options.rule)));
  if ((options.rule == PartitionRule::column) != (values.count("column") > 0))
    refuse("--by column and --column COLUMN go together");
  if (values.count("column") > 0) options.column = values["column"].as<std::string>();
  return options;
}

/// What a part's file says of its making.
std::string origin_of(const SiloData& data, const PartitionOptions& options) {
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
  const auto files = (*values)["file"].as<std::vector<std::string>>();
  if (files.size() != 1) refuse(fmt::format("one file is wanted, {} are given", files.size()));
  const PartitionOptions options = partition_options(*values);
  const std::string output = (*values)["output"].as<std::string>();
  if (const std::string fault = output_fault(output, options.silos); !fault.empty()) refuse(fault);

  SiloData data = read_silo_file(files.front());
  data.origin = origin_of(data, options);
  Partition partition;
  try {
    partition = partition_rows(data, options);
  } catch (const DataError& error) {
    throw DataError(files.front() + ": " + error.what());
  }
  const auto names = part_names(options.silos);
  for (std::size_t silo = 0; silo < names.size(); ++silo)
    write_silo(output, names[silo], part_of(data, partition, silo));
  return 0;
}

}  // namespace crossilo
