#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/partition.hpp"
#include "data_options.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "data split",
    .usage =
        "Usage: crossilo data split FILE... --by RULE [--silos K] --output 'FOLDER/{silo}.h5' [options]\n"
        "Divides rows among silos. FILE: CSV tables with one recipe, or silo files, whose rows are put together "
        "first.\n"
        "  --by iid        every silo alike\n"
        "  --by dirichlet  the shares of each class over the silos are Dirichlet(alpha)\n"
        "  --by quantity   the sizes of the silos are Dirichlet(alpha)\n"
        "  --by column     one silo for each value of --column\n\n",
    .example = R"(
Example (after jobs/data_heart.sh):
  crossilo data split data/heart/va.h5 data/heart/cleveland.h5 --by dirichlet --alpha 0.5 --silos 3 \
    --output 'data/example/{silo}.h5'
)",
    .positional = {"FILE"},
    .positional_optional = true};
constexpr std::size_t kSilosMax = 10000;

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("by", po::value<std::string>()->value_name("RULE"), "iid, dirichlet, quantity or column");
  add("silos", po::value<std::size_t>()->value_name("K"), "how many; they are named silo0, silo1, ...");
  add("alpha", po::value<double>()->default_value(0.3, "0.3"), "the smaller, the more uneven");
  add("rows_min", po::value<std::size_t>()->default_value(10), "rows to train on that every silo has at least");
  add("column", po::value<std::string>()->value_name("COLUMN"), "for --by column");
  add_recipe_options(options);
  add_idx_options(options);
  add_row_split_options(options);
  add_output_options(options);
  return options;
}

bool is_hdf5(const std::string& path) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  std::array<char, 8> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == signature;
}

SiloData read_tables(const DataOptions& given) {
  std::vector<SiloTable> tables;
  for (const std::string& path : given.files()) tables.push_back({path, read_csv(path, csv_options(given))});
  std::vector<SiloData> parts;
  for (ImportedSilo& silo : import_silos(tables, recipe_of(given))) parts.push_back(std::move(silo.data));
  return pooled(std::move(parts));
}

SiloData read_silo_files(const DataOptions& given) {
  std::vector<SiloData> parts;
  for (const std::string& path : given.files()) {
    parts.push_back(read_silo_file(path));
    if (const auto difference = schema_difference(parts.back().schema, parts.front().schema); !difference.empty())
      throw DataError(path + ": " + difference);
  }
  SiloData all = pooled(std::move(parts));
  if (given.has("origin")) all.origin = given.text("origin");
  return all;
}

bool are_silo_files(const DataOptions& given) {
  if (given.files().empty()) given.refuse("no FILE is given");
  const bool first = is_hdf5(given.files().front());
  for (const std::string& path : given.files())
    if (is_hdf5(path) != first) given.refuse(fmt::format("{}: CSV tables and silo files cannot be mixed", path));
  if (first && given.has("label")) given.refuse("--label is for CSV tables; silo files have their labels");
  return first;
}

SiloData read_source(const DataOptions& given) {
  if (given.has("idx_images")) {
    if (!given.files().empty()) given.refuse("either FILE or --idx_images is wanted");
    return import_idx(idx_recipe_of(given));
  }
  return are_silo_files(given) ? read_silo_files(given) : read_tables(given);
}

/// The silo of each row by a feature's value; a new value gets the next number.
std::vector<std::size_t> silos_by_value(const SiloData& data, const RowSet& set, std::size_t feature,
                                        std::vector<std::string>& names, std::map<std::string, std::size_t>& known) {
  std::vector<std::size_t> silo_of;
  const std::size_t features = data.schema.feature_names.size();
  for (std::size_t row = 0; row < set.rows; ++row) {
    const float value = set.x[row * features + feature];
    const std::string name = std::isnan(value) ? "missing" : fmt::format("{:g}", value);
    const auto [entry, is_new] = known.try_emplace(name, names.size());
    if (is_new) names.push_back(name);
    silo_of.push_back(entry->second);
  }
  return silo_of;
}

std::vector<ImportedSilo> split_silo_files_by_column(const DataOptions& given) {
  const SiloData data = read_silo_files(given);
  const auto& features = data.schema.feature_names;
  const auto found = std::find(features.begin(), features.end(), given.text("column"));
  if (found == features.end())
    given.refuse(fmt::format("column = \"{}\": the silo file has no such column", given.text("column")));
  const auto feature = static_cast<std::size_t>(found - features.begin());
  std::vector<std::string> names;
  std::map<std::string, std::size_t> known;
  const Partition partition{silos_by_value(data, data.train, feature, names, known),
                            silos_by_value(data, data.test, feature, names, known)};
  if (names.size() > kSilosMax)
    given.refuse(fmt::format("column = \"{}\" has {} values; {} silos at most", *found, names.size(), kSilosMax));
  std::vector<SiloData> parts = divide(data, partition, names.size());
  std::vector<ImportedSilo> silos;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (parts[i].train.rows == 0)
      given.refuse(fmt::format("{} = {}: no row to train on, only rows to test on", *found, names[i]));
    silos.push_back({names[i], std::move(parts[i])});
  }
  return silos;
}

std::vector<ImportedSilo> split_by_column(const DataOptions& given) {
  given.require("column");
  if (given.has("silos")) given.refuse("--silos: with --by column there is one for each value");
  if (given.has("idx_images")) given.refuse("--by column is not for images");
  if (are_silo_files(given)) return split_silo_files_by_column(given);
  if (given.files().size() != 1) given.refuse("--by column wants one CSV table");
  ImportRecipe recipe = recipe_of(given);
  recipe.silo_column = given.text("column");
  return import_silos(tables_by_silo(read_csv(given.files().front(), csv_options(given)), recipe.silo_column), recipe);
}

PartitionOptions partition_options(const DataOptions& given, PartitionRule rule) {
  given.require("silos");
  if (given.has("column")) given.refuse("--column goes with --by column");
  const PartitionOptions options{.rule = rule,
                                 .silos = given.get<std::size_t>("silos"),
                                 .alpha = given.get<double>("alpha"),
                                 .rows_min = given.get<std::size_t>("rows_min"),
                                 .seed = given.get<std::uint64_t>("seed")};
  if (options.silos < 1 || options.silos > kSilosMax)
    given.refuse(fmt::format("silos = {}: 1 to {} are wanted", options.silos, kSilosMax));
  if (!(options.alpha > 0.0 && options.alpha <= 1e6))
    given.refuse(fmt::format("alpha = {}: a number above 0, up to 1000000, is wanted", options.alpha));
  if (options.rows_min < 1) given.refuse("rows_min = 0: 1 or more is wanted, a silo trains on its rows");
  return options;
}

std::vector<ImportedSilo> split_by_chance(const DataOptions& given, PartitionRule rule) {
  const PartitionOptions options = partition_options(given, rule);
  const SiloData data = read_source(given);
  if (rule == PartitionRule::dirichlet && data.schema.task == Task::regression)
    given.refuse("--by dirichlet follows the classes, and a regression has none; --by quantity or iid is wanted");
  const Partition partition =
      partition_rows(classes_of(data.schema, data.train), classes_of(data.schema, data.test), options);
  return named_silos(divide(data, partition, options.silos));
}

std::vector<ImportedSilo> split(const DataOptions& given) {
  const std::string by = given.text("by");
  if (by == "column") return split_by_column(given);
  if (by == "iid") return split_by_chance(given, PartitionRule::iid);
  if (by == "dirichlet") return split_by_chance(given, PartitionRule::dirichlet);
  if (by == "quantity") return split_by_chance(given, PartitionRule::quantity);
  given.refuse(fmt::format("by = \"{}\": iid, dirichlet, quantity or column is wanted", by));
}

}  // namespace

int run_data_split(int argc, char** argv) {
  const po::options_description options = option_list();
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const DataOptions given(kText.name, *values);
  given.require("by");
  given.require("output");
  write_silos(split(given), given);
  return 0;
}

}  // namespace crossilo
