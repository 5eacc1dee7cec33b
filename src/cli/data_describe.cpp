#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/describe.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    "Usage: crossilo data describe [--json] FILE...\n"
    "Checks silo files (docs/silo-file.md) and shows side by side what they hold.\n\n";
constexpr const char* kExample = "\nExample: crossilo data describe data/heart/*.h5\n";

nlohmann::ordered_json to_json(const SiloDescription& silo) {
  nlohmann::ordered_json missing = nlohmann::ordered_json::object();
  for (const MissingCount& count : silo.missing) missing[count.column] = count.rows;
  nlohmann::ordered_json json = {{"path", silo.path},
                                 {"sha256", to_hex(silo.digest)},
                                 {"origin", silo.origin},
                                 {"task", to_string(silo.schema.task)},
                                 {"train_rows", silo.train_rows},
                                 {"test_rows", silo.test_rows},
                                 {"feature_names", silo.schema.feature_names},
                                 {"missing_rows", missing}};
  if (silo.schema.task == Task::regression)
    json["label_mean"] = silo.label_mean;
  else
    for (std::size_t i = 0; i < silo.rows_of_class.size(); ++i)
      json["rows_of_class"][silo.schema.class_names[i]] = silo.rows_of_class[i];
  return json;
}

}  // namespace

int run_data_describe(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print a JSON array, one object a file")("help,h", "print this text");
  po::options_description all;
  all.add(options).add_options()("file", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("file", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(argv, argv + argc))
                  .options(all)
                  .positional(positional)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              values);
  } catch (const po::error& error) {
    throw ConfigError(fmt::format("data describe: {}; see crossilo data describe --help", error.what()));
  }
  if (values.count("help") > 0) {
    std::cout << kUsage << options << kExample;
    return 0;
  }
  if (values.count("file") == 0)
    throw ConfigError("data describe: no file is given; see crossilo data describe --help");

  std::vector<SiloDescription> silos;
  for (const std::string& path : values["file"].as<std::vector<std::string>>())
    silos.push_back(describe_silo_file(path));
  if (values.count("json") > 0) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const SiloDescription& silo : silos) json.push_back(to_json(silo));
    std::cout << json.dump(2) << '\n';
  } else {
    std::cout << description_table(silos);
  }
  std::string differences = description_differences(silos);
  if (differences.empty()) return 0;
  differences.pop_back();  // whoever prints the error ends the line
  throw DataError("these files do not fit one federation:\n" + differences);
}

}  // namespace crossilo
