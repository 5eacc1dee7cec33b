#include "crossilo/cli/version.hpp"

#include <fmt/format.h>
#include <spdlog/version.h>
#include <zlib.h>

#include <boost/version.hpp>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/cuda.hpp"
#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/foreign/nccl.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/version.hpp"

namespace crossilo {
namespace {

constexpr const char* kHelp =
    R"(Prints the versions of crossilo and of its libraries: the loaded one's, for Boost, fmt, spdlog and nlohmann_json,
which are mostly headers, those it was built with. crossilo --version does the same.

  --json    a JSON object

Example:  crossilo version --json
)";

}  // namespace

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"crossilo", kVersion},
          {"MPI", MpiSession::library_version()},
          {"libtorch", TorchSession::version()},
          {"HDF5", hdf5_version()},
          {"OpenSSL", openssl_version()},
          {"Boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
          {"spdlog", fmt::format("{}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
          {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                        NLOHMANN_JSON_VERSION_PATCH)},
          {"zlib", zlibVersion()},
          {"CUDA", cuda_version()},
          {"NCCL", nccl_version()}};
}

std::string version_text() {
  std::string text;
  for (const auto& [name, version] : library_versions()) text += fmt::format("{:<15}{}\n", name, version);
  return text;
}

std::string version_json() {
  nlohmann::ordered_json json;
  for (const auto& [name, version] : library_versions()) json[name] = version;
  return json_text(json);
}

int run_version(int argc, char** argv) {
  const std::vector<std::string_view> words(argv, argv + argc);
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) return fmt::print("{}", kHelp), 0;
  if (words.size() > 1 || (words.size() == 1 && words[0] != "--json"))
    throw ConfigError(fmt::format("version: {}: only --json is known here", words.back()));
  fmt::print("{}", words.empty() ? version_text() : version_json());
  return 0;
}

}  // namespace crossilo
