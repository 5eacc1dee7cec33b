#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/describe.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/json_text.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{.name = "data describe",
                        .usage =
                            "Usage: crossilo data describe [--json] FILE...\n"
                            "Checks silo files (docs/silo-file.md) and shows side by side what they hold.\n\n",
                        .example = "\nExample: crossilo data describe data/heart/*.h5\n",
                        .positional = {"FILE"}};

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
  options.add_options()("json", "print a JSON array, one object a file");
  const auto given = parse_command_line(kText, options, argc, argv);
  if (!given) return 0;
  const po::variables_map& values = *given;
  std::vector<SiloDescription> silos;
  for (const std::string& path : values["FILE"].as<std::vector<std::string>>())
    silos.push_back(describe_silo_file(path));
  if (values.count("json") > 0) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const SiloDescription& silo : silos) json.push_back(to_json(silo));
    std::cout << json_text(json);
  } else {
    std::cout << description_table(silos);
  }
  std::string differences = description_differences(silos);
  if (differences.empty()) return 0;
  differences.pop_back();  // whoever prints the error ends the line
  throw DataError("these files do not fit one federation:\n" + differences);
}

}  // namespace crossilo
