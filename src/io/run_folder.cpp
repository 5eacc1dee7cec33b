#include "crossilo/io/run_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/json_text.hpp"
#include "crossilo/io/manifest.hpp"
#include "whole_number.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;

/// K of a folder NAME-K, otherwise 0.
unsigned long number_of(const std::string& folder, const std::string& name) {
  if (folder.compare(0, name.size() + 1, name + "-") != 0) return 0;
  unsigned long number = 0;
  const char* const end = folder.data() + folder.size();
  const auto [read, error] = std::from_chars(folder.data() + name.size() + 1, end, number);
  return error == std::errc() && read == end ? number : 0;
}

unsigned long highest_number(const std::string& parent, const std::string& name) {
  const std::vector<unsigned long> numbers = run_numbers(parent, name);
  return numbers.empty() ? 0 : numbers.front();
}

}  // namespace

const char* status_of(ExitCode exit_code) {
  switch (exit_code) {
    case ExitCode::success:
      return "finished";
    case ExitCode::internal:
      return "internal error";
    case ExitCode::configuration:
      return "configuration error";
    case ExitCode::environment:
      return "environment error";
    case ExitCode::data:
      return "data error";
    case ExitCode::peer_lost:
      return "a silo was lost";
    case ExitCode::diverged:
      return "training diverged";
    case ExitCode::storage:
      return "storage error";
    case ExitCode::requeue:
      return "stopped, to be started again";
    case ExitCode::interrupted:
      return "interrupted";
    case ExitCode::terminated:
      return "terminated";
  }
  return "unknown";
}

std::vector<unsigned long> run_numbers(const std::string& parent, const std::string& name) {
  std::vector<unsigned long> numbers;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, error))
    if (const unsigned long number = number_of(entry.path().filename().string(), name); number > 0)
      numbers.push_back(number);
  std::ranges::sort(numbers, std::greater<>());
  return numbers;
}

RunFolder RunFolder::create(const std::string& parent, const std::string& name) try {
  fs::create_directories(parent);
  for (unsigned long number = highest_number(parent, name) + 1;; ++number) {
    const std::string path = fmt::format("{}/{}-{}", parent, name, number);
    // mkdir either makes the folder or says that somebody else did: no two runs share one.
    if (::mkdir(path.c_str(), 0777) == 0) return create_at(path);
    if (errno != EEXIST) throw StorageError(fmt::format("{}: cannot be made: {}", path, std::strerror(errno)));
  }
} catch (const fs::filesystem_error& failure) {
  throw StorageError(
      fmt::format("{}: no run folder can be made in it: {}; make it writable, or start the program "
                  "elsewhere",
                  parent, failure.code().message()));
}

RunFolder RunFolder::create_at(const std::string& path) try {
  for (const char* inner : {"ranks", "logs", "model"}) fs::create_directories(fs::path(path) / inner);
  return RunFolder(path);
} catch (const fs::filesystem_error& failure) {
  throw StorageError(
      fmt::format("{}: cannot be made a run folder: {}; make the folder it is in writable, or start the "
                  "program elsewhere",
                  path, failure.code().message()));
}

RunFolder::RunFolder(std::string path) : path_(std::move(path)) {
  std::error_code error;
  if (!fs::exists(path_, error)) throw StorageError(path_ + ": no such folder");
  if (!fs::is_directory(file("ranks"), error))
    throw StorageError(path_ +
                       ": not a run folder (it has no folder ranks/); give one that crossilo train made, on a "
                       "file system that all ranks see");
}

void RunFolder::begin_again() const try {
  fs::remove(file("outcome.json"));
  for (const fs::directory_entry& entry : fs::directory_iterator(file("ranks"))) fs::remove(entry.path());
} catch (const fs::filesystem_error& failure) {
  throw StorageError(fmt::format("{}: cannot be cleared for another start: {}", path_, failure.code().message()));
}

bool RunFolder::write_outcome(const Outcome& outcome) const {
  const nlohmann::ordered_json json{{"status", status_of(outcome.exit_code)},
                                    {"exit_code", static_cast<int>(outcome.exit_code)},
                                    {"text", outcome.text},
                                    {"silo", outcome.silo}};
  // Texts may quote a path or a value that is not UTF-8: such bytes are replaced.
  const std::string text = json_text(json);
  if (!write_file_atomically(file("outcome.json"), text, Existing::keep)) return false;
  end_in_manifest(*this, outcome);
  return true;
}

bool RunFolder::has_outcome() const {
  std::error_code error;
  return fs::exists(file("outcome.json"), error);
}

std::optional<Outcome> RunFolder::read_outcome() const try {
  const auto text = read_file_if_there(file("outcome.json"));
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text);
  return Outcome{static_cast<ExitCode>(whole_number<int>(json, "exit_code")), json.at("text"), json.at("silo")};
} catch (const nlohmann::json::exception& failure) {
  throw StorageError(file("outcome.json") + ": cannot be understood: " + failure.what());
}

}  // namespace crossilo
