#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/cli/data_commands.hpp"
#include "crossilo/data/drift.hpp"
#include "crossilo/io/json_text.hpp"
#include "data_options.hpp"

namespace crossilo {
namespace {

namespace po = boost::program_options;

const CommandText kText{.name = "data check",
                        .usage =
                            "Usage: crossilo data check [--json] FILE...\n"
                            "Says whether silo files fit one federation, and where their rows differ most: for whoever "
                            "may read all files.\n"
                            "Ends with exit code 4 when a file is damaged or the columns, classes or tasks differ.\n\n",
                        .example = "\nExample (after jobs/data_heart.sh): crossilo data check data/heart/*.h5\n",
                        .positional = {"FILE"}};

const char* kind_name(Quantity::Kind kind) {
  switch (kind) {
    case Quantity::Kind::label_share:
      return "label_share";
    case Quantity::Kind::label_mean:
      return "label_mean";
    case Quantity::Kind::value:
      return "value";
    case Quantity::Kind::missing:
      return "missing_share";
  }
  throw InternalError("an unknown quantity");
}

nlohmann::ordered_json to_json(const Drift& drift, std::span<const SiloMoments> silos) {
  nlohmann::ordered_json json = {
      {"quantity", kind_name(drift.quantity.kind)}, {"name", drift.quantity.name}, {"worst_difference", drift.worst}};
  for (std::size_t i = 0; i < silos.size(); ++i) {
    const Moments& moments = drift.silos[i];
    nlohmann::ordered_json entry = {{"path", silos[i].path}, {"values", moments.count}};
    entry["mean"] = moments.count > 0.0 ? nlohmann::ordered_json(moments.mean) : nullptr;
    entry["standard_deviation"] = moments.count > 0.0 ? nlohmann::ordered_json(std::sqrt(moments.variance())) : nullptr;
    entry["difference"] = drift.differences[i] ? nlohmann::ordered_json(*drift.differences[i]) : nullptr;
    json["silos"].push_back(std::move(entry));
  }
  return json;
}

nlohmann::ordered_json to_json(std::span<const SiloMoments> silos, const std::string& schema_faults,
                               std::span<const Drift> drifts) {
  nlohmann::ordered_json json = {{"schema_equal", schema_faults.empty()},
                                 {"schema_differences", schema_faults},
                                 {"files", nlohmann::ordered_json::array()},
                                 {"drift", nlohmann::ordered_json::array()}};
  for (const SiloMoments& silo : silos)
    json["files"].push_back({{"path", silo.path}, {"train_rows", silo.train_rows}, {"test_rows", silo.test_rows}});
  for (const Drift& drift : drifts) json["drift"].push_back(to_json(drift, silos));
  return json;
}

}  // namespace

int run_data_check(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("json", "print one JSON object, with every column of every file");
  const auto values = parse_command_line(kText, options, argc, argv);
  if (!values) return 0;
  const DataOptions given(kText.name, *values);
  std::vector<SiloMoments> silos;
  for (const std::string& path : given.files()) silos.push_back(moments_of(path));
  std::string differences = schema_differences(silos);
  const std::vector<Drift> drifts = differences.empty() ? drift_of(silos) : std::vector<Drift>{};
  if (given.has("json"))
    std::cout << json_text(to_json(silos, differences, drifts));
  else if (differences.empty())
    std::cout << drift_table(silos, drifts);
  if (differences.empty()) return 0;
  differences.pop_back();  // whoever prints the error ends the line
  throw DataError("these files do not fit one federation:\n" + differences);
}

}  // namespace crossilo
