#include "crossilo/round/settings_of_ranks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>
#include <sstream>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;  // what a configuration file may have

using ValuesOfKey = std::map<std::string, std::map<std::size_t, std::string>>;  // key → rank → value

std::string text_of(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += key + "\n" + value + "\n";
  return text;
}

ValuesOfKey values_of(const std::vector<std::string>& texts) {
  ValuesOfKey values;
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    std::istringstream lines(texts[rank]);
    for (std::string key, value; std::getline(lines, key) && std::getline(lines, value);) values[key][rank] = value;
  }
  return values;
}

/// "train.learning_rate is 0.05 of silo a (rank 0), silo b (rank 1) but 0.051 of silo c (rank 2)"; empty: all alike.
std::string difference_in(const std::string& key, const std::map<std::size_t, std::string>& values,
                          Communicator& communicator) {
  std::map<std::string, std::vector<std::string>> names_of_value;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    const auto found = values.find(static_cast<std::size_t>(rank));
    names_of_value[found == values.end() ? "(not there)" : found->second].push_back(communicator.peer_name(rank));
  }
  if (names_of_value.size() < 2) return "";
  std::vector<std::string> parts;
  for (const auto& [value, names] : names_of_value)
    parts.push_back(fmt::format("{} of {}", value.empty() ? "(empty)" : value, fmt::join(names, ", ")));
  return fmt::format("{} is {}", key, fmt::join(parts, " but "));
}

}  // namespace

std::vector<std::string> gather_texts(Communicator& communicator, std::string own, const Deadline& deadline) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  own.resize(std::min(own.size(), kTextBytesMax));
  const std::uint64_t length = own.size();
  std::vector<std::uint64_t> lengths(ranks);
  all_gather(communicator, std::as_bytes(std::span(&length, 1)), std::as_writable_bytes(std::span(lengths)), deadline);
  for (std::uint64_t& one : lengths) one = std::min<std::uint64_t>(one, kTextBytesMax);  // it came off the wire
  const std::size_t longest = *std::ranges::max_element(lengths);
  own.resize(longest);  // padded, since all_gather wants equal lengths
  std::string all(longest * ranks, '\0');
  all_gather(communicator, std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)), deadline);
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < ranks; ++rank) texts.push_back(all.substr(rank * longest, lengths[rank]));
  return texts;
}

void require_same_settings(Communicator& communicator, const std::vector<std::pair<std::string, std::string>>& own,
                           const Deadline& deadline) {
  const std::string text = text_of(own);
  const Hash256 hash = sha256(std::as_bytes(std::span(text)));
  std::vector<Hash256> hashes(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&hash, 1)), std::as_writable_bytes(std::span(hashes)), deadline);
  if (std::ranges::count(hashes, hashes.front()) == std::ssize(hashes)) return;
  std::vector<std::string> differences;
  for (const auto& [key, values] : values_of(gather_texts(communicator, text, deadline)))
    if (std::string difference = difference_in(key, values, communicator); !difference.empty())
      differences.push_back(std::move(difference));
  throw ConfigError(fmt::format("settings that all silos must share differ{}{}; nothing was trained",
                                differences.empty() ? "" : ": ", fmt::join(differences, "; ")));
}

}  // namespace crossilo
