#include "data_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

/// Options that mean nothing where no table of texts is read.
constexpr const char* kCsvOnly[] = {"csv",         "silo_column", "columns",      "separator", "use",  "drop",
                                    "categorical", "missing",     "missing_mark", "label",     "task", "group"};

}  // namespace

void DataOptions::refuse(const std::string& what) const {
  throw ConfigError(fmt::format("{0}: {1}; see crossilo {0} --help", command_, what));
}

void DataOptions::require(const char* name) const {
  if (!has(name)) refuse(fmt::format("--{} is missing", name));
}

std::uint64_t DataOptions::whole_number(const char* name) const {
  const std::string digits = text(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size())
    refuse(fmt::format("{} = \"{}\": a whole number from 0 to {} is wanted", name, shown(digits),
                       std::numeric_limits<std::uint64_t>::max()));
  return value;
}

std::size_t DataOptions::silos() const {
  constexpr std::size_t kSilosMax = 10000;
  const std::uint64_t count = whole_number("silos");
  if (count < 1 || count > kSilosMax) refuse(fmt::format("silos = {}: 1 to {} are wanted", count, kSilosMax));
  return count;
}

Texts DataOptions::inputs() const {
  Texts paths = files();
  for (const std::string& entry : texts("csv"))  // NAME=FILE, or FILE alone
    paths.insert(paths.end(), {entry, entry.substr(entry.find('=') + 1)});
  for (const char* name : {"idx_images", "idx_labels", "idx_test_images", "idx_test_labels"})
    if (has(name)) paths.push_back(text(name));
  return paths;
}

Texts DataOptions::list(const char* name) const { return has(name) ? checked_parts(name, text(name), ',') : Texts{}; }

std::vector<std::pair<std::string, std::string>> DataOptions::pairs(const char* name, const char* form) const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const std::string& entry : texts(name)) {
    const std::size_t at = entry.find('=');
    if (at == 0 || at == std::string::npos) refuse(fmt::format("{} = \"{}\": {} is wanted", name, entry, form));
    result.emplace_back(entry.substr(0, at), entry.substr(at + 1));
  }
  return result;
}

Texts DataOptions::checked_parts(const char* name, const std::string& text, char separator) const {
  Texts parts = parts_of(text, separator);
  for (const std::string& part : parts)
    if (part.empty()) refuse(fmt::format("{} = \"{}\" has an empty entry", name, text));
  if (std::set(parts.begin(), parts.end()).size() != parts.size())
    refuse(fmt::format("{} = \"{}\" has an entry twice", name, text));
  return parts;
}

void add_recipe_options(po::options_description& options) {
  auto add = options.add_options();
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
}

void add_idx_options(po::options_description& options) {
  const auto file = [] { return po::value<std::string>()->value_name("FILE"); };
  auto add = options.add_options();
  add("idx_images", file(), "images as MNIST has them (IDX, also .gz), instead of CSV");
  add("idx_labels", file(), "their classes 0, 1, ... in the order of --classes");
  add("idx_test_images", file(), "images to test on; else --test_fraction of the others");
  add("idx_test_labels", file(), "their classes");
}

void add_row_split_options(po::options_description& options) {
  auto add = options.add_options();
  add("test_fraction", po::value<double>()->default_value(0.25, "0.25"), "rows set apart, of each class alike");
  add("seed", po::value<std::string>()->default_value("1"), "another seed, another split");
}

void add_output_options(po::options_description& options) {
  auto add = options.add_options();
  add("origin", po::value<std::string>()->value_name("TEXT"), "source, people, licence; kept in the file");
  add("output", po::value<std::string>()->value_name("PATTERN"), "where to write; {silo} becomes the silo's name");
}

CsvOptions csv_options(const DataOptions& given) { return {given.list("columns"), given.get<char>("separator")}; }

std::string origin_of(const DataOptions& given) {
  const std::string origin = given.text("origin");
  if (!is_utf8(origin)) given.refuse(fmt::format("origin = \"{}\": text in UTF-8 is wanted", shown(origin)));
  return origin;
}

SplitOptions row_split_of(const DataOptions& given) {
  const SplitOptions split{given.get<double>("test_fraction"), given.whole_number("seed")};
  if (!(split.test_fraction >= 0.0 && split.test_fraction < 1.0))
    given.refuse(fmt::format("test_fraction = {}: a number from 0 to below 1 is wanted", split.test_fraction));
  return split;
}

ImportRecipe recipe_of(const DataOptions& given) {
  given.require("label");
  if (given.has("task") && given.text("task") != "regression")
    given.refuse(fmt::format("task = \"{}\": only regression is to be said, other tasks follow from the label",
                             given.text("task")));
  ImportRecipe recipe;
  recipe.use = given.list("use");
  recipe.drop = given.list("drop");
  for (const auto& [column, categories] : given.pairs("categorical", "COLUMN=V|W"))
    recipe.categorical.push_back({column, given.checked_parts("categorical", categories, '|')});
  for (const auto& [column, mark] : given.pairs("missing", "COLUMN=MARK")) recipe.missing.push_back({column, mark});
  for (const std::string& mark : given.texts("missing_mark")) recipe.missing.push_back({"", mark});
  recipe.label = parse_label_rule(given.text("label"));
  recipe.class_names = given.list("classes");
  recipe.regression = given.has("task");
  recipe.group_column = given.text("group");
  recipe.split = row_split_of(given);
  recipe.origin = origin_of(given);
  return recipe;
}

void refuse_csv_options(const DataOptions& given, const std::string& why) {
  for (const char* option : kCsvOnly)
    if (given.has(option) && !given.is_default(option))
      given.refuse(fmt::format("--{} is for CSV files and {}", option, why));
}

bool are_images(const DataOptions& given) {
  for (const char* option : {"idx_labels", "idx_test_images", "idx_test_labels"})
    if (given.has(option)) given.require("idx_images");
  return given.has("idx_images");
}

IdxImport idx_import_of(const DataOptions& given) {
  for (const char* needed : {"idx_images", "idx_labels", "classes"}) given.require(needed);
  refuse_csv_options(given, "does not go with --idx_images");
  if (given.has("idx_test_images") != given.has("idx_test_labels"))
    given.refuse("--idx_test_images and --idx_test_labels go together");
  IdxImport import;
  import.train = {given.text("idx_images"), given.text("idx_labels")};
  if (given.has("idx_test_images")) {
    if (!given.is_default("test_fraction"))
      given.refuse("--test_fraction does not go with --idx_test_images, which are the rows set apart");
    import.test = {given.text("idx_test_images"), given.text("idx_test_labels")};
  }
  import.class_names = given.list("classes");
  import.split = row_split_of(given);
  import.origin = origin_of(given);
  return import;
}

}  // namespace crossilo
