#include "files_by_round.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <system_error>

namespace crossilo {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint32_t> round_of(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (name.size() < prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix))
    return std::nullopt;
  std::uint32_t round = 0;
  const char* const end = name.data() + name.size() - suffix.size();
  const auto [read, error] = std::from_chars(name.data() + prefix.size(), end, round);
  return error == std::errc() && read == end ? std::optional(round) : std::nullopt;
}

}  // namespace

std::vector<std::uint32_t> FilesByRound::rounds() const {
  std::vector<std::uint32_t> rounds;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (const auto round = round_of(entry.path().filename().string(), prefix, suffix)) rounds.push_back(*round);
  std::ranges::sort(rounds, std::greater<>());
  return rounds;
}

void FilesByRound::keep_newest(std::uint32_t last, std::size_t count) const {
  std::error_code error;
  for (const std::uint32_t round : rounds()) {
    const bool stays = round <= last && count > 0;
    if (stays)
      --count;
    else
      fs::remove(file_of(round), error);
  }
}

}  // namespace crossilo
