#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <functional>

#include "crossilo/base/error.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "crossilo/io/checkpoint.hpp"

namespace crossilo {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kKept = 2;

/// N of round-N.h5.
std::optional<std::uint32_t> round_of(const std::string& file) {
  constexpr std::string_view kPrefix = "round-";
  constexpr std::string_view kSuffix = ".h5";
  const std::string_view name = file;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint32_t round = 0;
  const char* const end = name.data() + name.size() - kSuffix.size();
  const auto [read, error] = std::from_chars(name.data() + kPrefix.size(), end, round);
  return error == std::errc() && read == end ? std::optional(round) : std::nullopt;
}

/// Rounds that there are files of, the newest first.
std::vector<std::uint32_t> rounds_in(const std::string& path) {
  std::vector<std::uint32_t> rounds;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
    if (const auto round = round_of(entry.path().filename().string())) rounds.push_back(*round);
  std::ranges::sort(rounds, std::greater<>());
  return rounds;
}

std::string file_of(const std::string& path, std::uint32_t round) { return fmt::format("{}/round-{}.h5", path, round); }

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
  for (const std::uint32_t round : rounds_in(path_))
    if (round > last.value) fs::remove(file_of(path_, round), error);
}

void CheckpointFolder::keep(RoundIndex round, std::span<const std::byte> sealed) const {
  const std::array pieces{sealed};
  write_file_atomically(file_of(path_, round.value), pieces);
  const std::vector<std::uint32_t> rounds = rounds_in(path_);
  std::error_code error;  // an old file that stays does no harm
  for (std::size_t i = kKept; i < rounds.size(); ++i) fs::remove(file_of(path_, rounds[i]), error);
}

std::optional<CheckpointFolder::Found> CheckpointFolder::newest(const std::string& path,
                                                                const std::function<void(const std::string&)>& warn) {
  for (const std::uint32_t round : rounds_in(path)) {
    Found found{.round = {round}, .file = file_of(path, round)};
    try {
      const auto text = read_file_if_there(found.file);
      if (!text) continue;
      const auto bytes = std::as_bytes(std::span(*text));
      found.sealed.assign(bytes.begin(), bytes.end());
      found.seal = require_sealed(found.sealed, found.file);
      return found;
    } catch (const StorageError& error) {
      warn(error.what());
    }
  }
  return std::nullopt;
}

}  // namespace crossilo
