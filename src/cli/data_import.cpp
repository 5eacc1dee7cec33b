#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/idx.hpp"
#include "crossilo/data/import.hpp"
#include "silo_output.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

constexpr const char* kUsage =
    "Usage: crossilo data import --csv NAME=FILE... --label RULE --output 'FOLDER/{silo}.h5' [options]\n"
    "   or: crossilo data import --idx_images FILE --idx_labels FILE --classes A,B,... --output FILE.h5 [options]\n"
    "Turns CSV files into silo files (docs/silo-file.md), one a silo, or IDX images into one. An empty field is "
    "missing.\n"
    "All silos share the recipe; docs/data-import.md explains it.\n\n";
constexpr const char* kExample = R"(
Example (jobs/data_heart.sh fetches the CSV files):
  crossilo data import --csv cleveland=data/download/processed.cleveland.data \
    --csv va=data/download/processed.va.data --missing_mark '?' --missing chol=0 \
    --columns age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num \
    --drop slope,ca,thal --categorical 'cp=1|2|3|4' --label 'num > 0' --output 'data/example/{silo}.h5'
)";

po::options_description option_list() {
  po::options_description options("Options", 100, 70);
  auto add = options.add_options();
  add("csv", po::value<Texts>()->value_name("NAME=FILE"), "one file a silo; FILE alone with --silo_column");
  add("silo_column", po::value<std::string>()->value_name("COLUMN"), "the column that names a row's silo");
  add("columns", po::value<std::string>()->value_name("A,B,..."), "column names, for files without a header");
  add("separator", po::value<char>()->default_value(','), "what stands between fields");
  add("use", po::value<std::string>()->value_name("A,B,..."), "feature columns; else all that have no other role");
  add("drop", po::value<std::string>()->value_name("A,B,..."), "columns that are no features");
  add("categorical", po::value<Texts>()->value_name("COLUMN=V|W"), "one column of 0 and 1 for each value");
  add("missing", po::value<Texts>()->value_name("COLUMN=MARK"), "what means missing in one column; repeatable");
  add("missing_mark", po::value<Texts>()->value_name("MARK"), "what means missing in every column; repeatable");
  add("label", po::value<std::string>()->value_name("RULE"), "'num > 0' (> >= < <= == !=), or a column as it stands");
  add("classes", po::value<std::string>()->value_name("A,B,..."),
      "class names; the label's values when it has no rule");
  add("task", po::value<std::string>()->value_name("regression"), "the label is a number to be predicted");
  add("group", po::value<std::string>()->value_name("COLUMN"), "rows of one group (a person) are not split");
  add("test_fraction", po::value<double>()->default_value(0.25, "0.25"), "rows set apart, of each class alike");
  add("seed", po::value<std::uint64_t>()->default_value(1), "another seed, another split");
  add("origin", po::value<std::string>()->value_name("TEXT"), "source, people, licence; kept in the file");
  add("output", po::value<std::string>()->value_name("PATTERN"), "where to write; {silo} becomes the silo's name");
  add("idx_images", po::value<std::string>()->value_name("FILE"), "images in an IDX file, plain or gzip");
  add("idx_labels", po::value<std::string>()->value_name("FILE"), "their classes 0, 1, ... in the order of --classes");
  add("idx_test_images", po::value<std::string>()->value_name("FILE"), "images for testing; else --test_fraction");
  add("idx_test_labels", po::value<std::string>()->value_name("FILE"), "their classes");
  add("help,h", "print this text");
  return options;
}

[[noreturn]] void refuse(const std::string& what) {
  throw ConfigError("data import: " + what + "; see crossilo data import --help");
}

Texts parts_of(const std::string& text, char separator) {
  Texts parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

/// Access to the options that were given.
class Given {
 public:
  explicit Given(const po::variables_map& values) : values_(values) {}
  [[nodiscard]] bool has(const char* name) const { return values_.count(name) > 0; }
  [[nodiscard]] std::string text(const char* name) const { return has(name) ? values_[name].as<std::string>() : ""; }
  [[nodiscard]] Texts texts(const char* name) const { return has(name) ? values_[name].as<Texts>() : Texts{}; }
  /// The parts of "a,b,c"; none may be empty.
  [[nodiscard]] Texts list(const char* name) const {
    if (!has(name)) return {};
    return checked_parts(name, text(name), ',');
  }
  /// {"cp", "1|2"} of every "cp=1|2".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(const char* name, const char* form) const {
    std::vector<std::pair<std::string, std::string>> result;
    for (const std::string& entry : texts(name)) {
      const std::size_t at = entry.find('=');
      if (at == 0 || at == std::string::npos) refuse(fmt::format("{} = \"{}\": {} is wanted", name, entry, form));
      result.emplace_back(entry.substr(0, at), entry.substr(at + 1));
    }
    return result;
  }
  [[nodiscard]] static Texts checked_parts(const char* name, const std::string& text, char separator) {
    Texts parts = parts_of(text, separator);
    for (const std::string& part : parts)
      if (part.empty()) refuse(fmt::format("{} = \"{}\" has an empty entry", name, text));
    if (std::set(parts.begin(), parts.end()).size() != parts.size())
      refuse(fmt::format("{} = \"{}\" has an entry twice", name, text));
    return parts;
  }

 private:
  const po::variables_map& values_;
};

ImportRecipe recipe_of(const po::variables_map& values) {
  const Given given(values);
  for (const char* needed : {"csv", "label", "output"})
    if (!given.has(needed)) refuse(fmt::format("--{} is missing", needed));
  if (given.has("task") && given.text("task") != "regression")
    refuse(fmt::format("task = \"{}\": only regression is to be said, other tasks follow from the label",
                       given.text("task")));
  ImportRecipe recipe;
  recipe.use = given.list("use");
  recipe.drop = given.list("drop");
  for (const auto& [column, categories] : given.pairs("categorical", "COLUMN=V|W"))
    recipe.categorical.push_back({column, Given::checked_parts("categorical", categories, '|')});
  for (const auto& [column, mark] : given.pairs("missing", "COLUMN=MARK")) recipe.missing.push_back({column, mark});
  for (const std::string& mark : given.texts("missing_mark")) recipe.missing.push_back({"", mark});
  recipe.label = parse_label_rule(given.text("label"));
  recipe.class_names = given.list("classes");
  recipe.regression = given.has("task");
  recipe.group_column = given.text("group");
  recipe.silo_column = given.text("silo_column");
  recipe.split = {values["test_fraction"].as<double>(), values["seed"].as<std::uint64_t>()};
  recipe.origin = given.text("origin");
  return recipe;
}

std::vector<SiloTable> read_tables(const po::variables_map& values, const ImportRecipe& recipe) {
  const Given given(values);
  const CsvOptions csv{given.list("columns"), values["separator"].as<char>()};
  if (!recipe.silo_column.empty()) {
    if (given.texts("csv").size() != 1) refuse("with --silo_column one --csv FILE is wanted");
    return tables_by_silo(read_csv(given.texts("csv").front(), csv), recipe.silo_column);
  }
  std::vector<SiloTable> tables;
  std::set<std::string> names;
  for (const auto& [name, file] : given.pairs("csv", "NAME=FILE (or --silo_column)")) {
    if (!is_silo_name(name)) refuse(fmt::format("csv = \"{}={}\": {}", name, file, kSiloNameWanted));
    if (!names.insert(name).second) refuse(fmt::format("csv: silo {} is named twice", name));
    tables.push_back({name, read_csv(file, csv)});
  }
  return tables;
}

/// The files of --idx_images and its kin; they leave nothing for the options that say what a column means.
IdxImport idx_import_of(const po::variables_map& values) {
  const Given given(values);
  for (const char* needed : {"idx_labels", "classes", "output"})
    if (!given.has(needed)) refuse(fmt::format("--{} is missing", needed));
  for (const char* other : {"csv", "silo_column", "columns", "use", "drop", "categorical", "missing", "missing_mark",
                            "label", "task", "group"})
    if (given.has(other)) refuse(fmt::format("--{} is for CSV files and does not go with --idx_images", other));
  if (given.has("idx_test_images") != given.has("idx_test_labels"))
    refuse("--idx_test_images and --idx_test_labels go together");
  IdxImport import;
  import.train = {given.text("idx_images"), given.text("idx_labels")};
  if (given.has("idx_test_images")) {
    if (!values["test_fraction"].defaulted())
      refuse("--test_fraction does not go with --idx_test_images, which are the rows set apart");
    import.test = {given.text("idx_test_images"), given.text("idx_test_labels")};
  }
  import.class_names = given.list("classes");
  import.split = {values["test_fraction"].as<double>(), values["seed"].as<std::uint64_t>()};
  import.origin = given.text("origin");
  return import;
}

void write_idx(const po::variables_map& values) {
  const IdxImport import = idx_import_of(values);
  const std::string output = Given(values).text("output");
  if (output.find(kSiloPlace) != std::string::npos)
    refuse(
        fmt::format("output = \"{}\": IDX files make one silo file (crossilo data split makes more), so {} has no "
                    "meaning",
                    output, kSiloPlace));
  write_silo(output, "", import_idx(import));
}

void write_csv(const po::variables_map& values) {
  const ImportRecipe recipe = recipe_of(values);
  const std::string output = Given(values).text("output");
  // Everything is read and checked before anything is written.
  const std::vector<ImportedSilo> silos = import_silos(read_tables(values, recipe), recipe);
  if (const std::string fault = output_fault(output, silos.size()); !fault.empty()) refuse(fault);
  for (const auto& [silo, data] : silos) write_silo(output, silo, data);
}

}  // namespace

int run_data_import(int argc, char** argv) {
  const po::options_description options = option_list();
  po::variables_map values;
  try {
    po::store(po::command_line_parser(Texts(argv, argv + argc))
                  .options(options)
                  .positional({})
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              values);
  } catch (const po::error& error) {
    refuse(error.what());
  }
  if (values.count("help") > 0) {
    std::cout << kUsage << options << kExample;
    return 0;
  }
  for (const char* idx : {"idx_labels", "idx_test_images", "idx_test_labels"})
    if (values.count(idx) > 0 && values.count("idx_images") == 0) refuse("--idx_images is missing");
  values.count("idx_images") > 0 ? write_idx(values) : write_csv(values);
  return 0;
}

}  // namespace crossilo
