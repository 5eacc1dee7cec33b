#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "crossilo/base/error.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/checkpoint.hpp"
#include "files_by_round.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kKept = 2;

FilesByRound files_in(const std::string& path) { return {.folder = path, .prefix = "round-", .suffix = ".h5"}; }

/// What a writer that died left under a temporary name.
void remove_temporaries(const std::string& path) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
    if (entry.path().filename().string().find(".tmp.") != std::string::npos) fs::remove(entry.path(), error);
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, RoundIndex last) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw StorageError(fmt::format("{}: cannot be made: {}", path_, error.message()));
  remove_temporaries(path_);
  const std::string probe = path_ + "/probe";
  write_file_atomically(probe, "a checkpoint could be written here\n");
  fs::remove(probe, error);
  for (const std::uint32_t round : files_in(path_).rounds()) {
    const std::string file = files_in(path_).file_of(round);
    if (round > last.value) fs::rename(file, file + ".damaged", error);
  }
}

void CheckpointFolder::keep(RoundIndex round, std::span<const std::byte> sealed) const {
  const std::array pieces{sealed};
  write_file_atomically(files_in(path_).file_of(round.value), pieces);
  files_in(path_).keep_newest(round.value, kKept);
}

std::optional<CheckpointFolder::Found> CheckpointFolder::newest(const std::string& path,
                                                                const std::function<void(const std::string&)>& warn) {
  for (const std::uint32_t round : files_in(path).rounds()) {
    Found found{.round = {round}, .file = files_in(path).file_of(round)};
    const auto text = read_file_if_there(found.file);
    if (!text) continue;
    try {
      const auto bytes = std::as_bytes(std::span(*text));
      found.sealed.assign(bytes.begin(), bytes.end());
      found.seal = require_sealed(found.sealed, found.file);
      return found;
    } catch (const CheckpointVersionError&) {
      throw;
    } catch (const StorageError& error) {
      warn(error.what());
    }
  }
  return std::nullopt;
}

}  // namespace crossilo
