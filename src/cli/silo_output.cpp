#include "silo_output.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "crossilo/base/error.hpp"
#include "crossilo/io/config.hpp"

namespace crossilo {

Texts output_paths(const DataOptions& given, const Texts& silos, const Texts& inputs) {
  const std::string pattern = given.text("output");
  if (silos.size() > 1 && pattern.find(kSiloPlace) == std::string::npos)
    given.refuse(fmt::format("output = \"{}\": with more than one silo it needs {}", pattern, kSiloPlace));
  Texts paths;
  for (const std::string& silo : silos) {
    paths.push_back(path_for_silo(pattern, silo));
    for (const std::string& input : inputs) {
      std::error_code error;  // a file that is not there yet is no other's name
      if (std::filesystem::equivalent(paths.back(), input, error))
        given.refuse(fmt::format("output = \"{}\": {} would be written over {}, which is read; name other files",
                                 pattern, paths.back(), input));
    }
  }
  return paths;
}

void write_silo(const std::string& path, const SiloData& data) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) throw StorageError(fmt::format("{}: cannot be created: {}", folder.string(), error.message()));
  write_silo_file(path, data);
  fmt::print("{}: {} rows to train on, {} to test on, {} columns\n", path, data.train.rows, data.test.rows,
             data.schema.feature_names.size());
}

}  // namespace crossilo
