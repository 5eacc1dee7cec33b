#include "settings_of_ranks.hpp"

#include <algorithm>
#include <span>
#include <sstream>

namespace crossilo {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;  // what a configuration file may have

std::string text_of(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += key + "\n" + value + "\n";
  text.resize(std::min(text.size(), kTextBytesMax));
  return text;
}

/// The texts of all ranks, padded to the longest one.
std::vector<std::string> gather_texts(Communicator& communicator, std::string own, const Deadline& deadline) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const std::uint64_t length = own.size();
  std::vector<std::uint64_t> lengths(ranks);
  all_gather(communicator, std::as_bytes(std::span(&length, 1)), std::as_writable_bytes(std::span(lengths)), deadline);
  for (std::uint64_t& one : lengths) one = std::min<std::uint64_t>(one, kTextBytesMax);  // it came off the wire
  const std::size_t longest = *std::ranges::max_element(lengths);
  own.resize(longest);
  std::string all(longest * ranks, '\0');
  all_gather(communicator, std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)), deadline);
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < ranks; ++rank) texts.push_back(all.substr(rank * longest, lengths[rank]));
  return texts;
}

}  // namespace

std::vector<SettingOfRanks> gather_settings(Communicator& communicator,
                                            const std::vector<std::pair<std::string, std::string>>& own,
                                            const Deadline& deadline) {
  std::map<std::string, std::map<std::size_t, std::string>> values_of_key;
  const std::vector<std::string> texts = gather_texts(communicator, text_of(own), deadline);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    std::istringstream lines(texts[rank]);
    for (std::string key, value; std::getline(lines, key) && std::getline(lines, value);)
      values_of_key[key][rank] = value;
  }
  std::vector<SettingOfRanks> differing;
  for (const auto& [key, values] : values_of_key) {
    SettingOfRanks setting{.key = key, .ranks_of_value = {}};
    for (std::size_t rank = 0; rank < texts.size(); ++rank) {
      const auto found = values.find(rank);
      setting.ranks_of_value[found == values.end() ? "(not there)" : found->second].push_back(rank);
    }
    if (setting.ranks_of_value.size() > 1) differing.push_back(std::move(setting));
  }
  return differing;
}

}  // namespace crossilo
