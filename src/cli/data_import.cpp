#include <fmt/format.h>

#include <iostream>
#include <set>

#include "command_line.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "data_options.hpp"
#include "import_summary.hpp"
#include "silo_output.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{
    .name = "data import",
    .usage =
        "Usage: crossilo data import --csv NAME=FILE... --label RULE --output 'FOLDER/{silo}.h5' [options]\n"
        "Turns CSV files, or IDX images, into silo files (docs/silo-file.md). An empty field is missing.\n"
        "All silos share the recipe; docs/data-import.md explains it.\n\n",
    .example = R"(
Example (jobs/data_heart.sh fetches the CSV files):
  crossilo data import --csv cleveland=data/download/processed.cleveland.data \
    --csv va=data/download/processed.va.data --missing_mark '?' --missing chol=0 \
    --columns age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num \
    --drop slope,ca,thal --categorical 'cp=1|2|3|4' --label 'num > 0' --output 'data/example/{silo}.h5'
)"};

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("csv", po::value<Texts>()->value_name("NAME=FILE"), "one file a silo; FILE alone with --silo_column");
  add("silo_column", po::value<std::string>()->value_name("COLUMN"), "the column that names a row's silo");
  add_recipe_options(options);
  add_idx_options(options);
  add_row_split_options(options);
  add_output_options(options);
  return options;
}

std::vector<SiloTable> read_tables(const DataOptions& given) {
  const CsvOptions csv = csv_options(given);
  if (given.has("silo_column")) {
    if (given.texts("csv").size() != 1) given.refuse("with --silo_column one --csv FILE is wanted");
    return tables_by_silo(read_csv(given.texts("csv").front(), csv), given.text("silo_column"));
  }
  std::vector<SiloTable> tables;
  std::set<std::string> names;
  for (const auto& [name, file] : given.pairs("csv", "NAME=FILE (or --silo_column)")) {
    if (!names.insert(name).second) given.refuse(fmt::format("csv: silo {} is named twice", name));
    tables.push_back({name, read_csv(file, csv)});
  }
  return tables;
}

std::vector<ImportedSilo> import_csv(const DataOptions& given) {
  given.require("csv");
  ImportRecipe recipe = recipe_of(given);
  given.require("output");
  recipe.silo_column = given.text("silo_column");
  std::vector<SiloTable> tables = read_tables(given);
  std::cout << name_silos(tables);
  return import_silos(tables, recipe);
}

void write_images(const DataOptions& given) {
  const IdxImport import = idx_import_of(given);
  given.require("output");
  if (given.text("output").find(kSiloPlace) != std::string::npos)
    given.refuse(
        fmt::format("output = \"{}\": IDX files make one silo file (crossilo data split makes more), so {} has no "
                    "meaning",
                    given.text("output"), kSiloPlace));
  const std::string path = output_paths(given, {""}, given.inputs()).front();
  write_silo(path, import_idx(import));
}

}  // namespace

int run_data_import(int argc, char** argv) {
  const po::options_description options = option_list();
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const DataOptions given(kText.name, *values);
  if (are_images(given)) {
    write_images(given);
    return 0;
  }
  // Everything is read and checked before anything is written.
  const std::vector<ImportedSilo> silos = import_csv(given);
  Texts names;
  for (const ImportedSilo& silo : silos) names.push_back(silo.silo);
  const Texts paths = output_paths(given, names, given.inputs());
  // An institution that imports its own rows may have one class; the others have the rest.
  if (silos.size() > 1) require_two_classes(silos);
  std::cout << import_summary(silos);
  for (std::size_t i = 0; i < silos.size(); ++i) write_silo(paths[i], silos[i].data);
  return 0;
}

}  // namespace crossilo
