#include "silo_output.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "crossilo/base/error.hpp"

namespace crossilo {

std::string output_fault(const std::string& pattern, std::size_t silos) {
  if (silos <= 1 || pattern.find(kSiloPlace) != std::string::npos) return "";
  return fmt::format("output = \"{}\": with more than one silo it needs {}", pattern, kSiloPlace);
}

void write_silo(const std::string& pattern, const std::string& silo, const SiloData& data) {
  std::string path = pattern;
  if (const std::size_t at = path.find(kSiloPlace); at != std::string::npos)
    path.replace(at, std::string_view(kSiloPlace).size(), silo);
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) throw StorageError(fmt::format("{}: cannot be created: {}", folder.string(), error.message()));
  write_silo_file(path, data);
  fmt::print("{}: {} rows to train on, {} to test on, {} columns\n", path, data.train.rows, data.test.rows,
             data.schema.feature_names.size());
}

}  // namespace crossilo
