#include "crossilo/comm/host_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "crossilo/base/error.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kNameMax = 253;  // of the domain name system
constexpr std::size_t kDigitsMax = 20;

[[noreturn]] void refuse(std::string_view part, std::string_view why) {
  throw ConfigError(fmt::format("\"{}\" {}", shown(part), why));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_of_a_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

std::uint64_t number_of(std::string_view digits, std::string_view part) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || digits.size() > kDigitsMax || !std::ranges::all_of(digits, is_digit) || error != std::errc())
    refuse(part, "has something else than numbers in its brackets");
  return number;
}

/// What stands between commas outside of brackets.
std::vector<std::string_view> parts_outside_brackets(std::string_view list) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool is_inside = false;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at == list.size() || (list[at] == ',' && !is_inside)) {
      parts.push_back(trimmed(list.substr(begin, at - begin)));
      begin = at + 1;
    } else if (list[at] == '[' || list[at] == ']') {
      is_inside = list[at] == '[';
    }
  }
  return parts;
}

/// The numbers of "01-03,7", with the zeros before them.
std::vector<std::string> expand_numbers(std::string_view numbers, std::string_view part) {
  std::vector<std::string> texts;
  for (const std::string& range : parts_of(numbers, ',')) {
    const std::string_view ends = trimmed(range);
    const std::size_t dash = ends.find('-');
    const std::string_view first = ends.substr(0, dash);
    const std::uint64_t low = number_of(first, part);
    const std::uint64_t high = dash == std::string_view::npos ? low : number_of(ends.substr(dash + 1), part);
    if (high < low) refuse(part, "has a range that runs backwards");
    if (high - low >= kHostsMax || texts.size() > kHostsMax)
      refuse(part, fmt::format("names more than {} hosts", kHostsMax));
    for (std::uint64_t step = 0; step <= high - low; ++step)  // high itself may be the last number there is
      texts.push_back(fmt::format("{:0{}}", low + step, first.size()));
  }
  return texts;
}

/// Adds `head` followed by all that `rest`, a part of `part`, stands for.
void expand(const std::string& head, std::string_view rest, std::string_view part, std::vector<std::string>& hosts) {
  const std::size_t open = rest.find('[');
  const std::string plain = head + std::string(rest.substr(0, open));
  if (plain.size() > kNameMax) refuse(part, fmt::format("is longer than the {} characters of a host's name", kNameMax));
  if (open == std::string_view::npos) {
    if (plain.empty()) refuse(part, "is empty");
    if (!std::ranges::all_of(plain, is_of_a_name)) refuse(part, "is no name of a host");
    if (hosts.size() >= kHostsMax) refuse(part, fmt::format("is more than {} hosts", kHostsMax));
    hosts.push_back(plain);
    return;
  }
  const std::size_t close = rest.find(']', open);
  if (close == std::string_view::npos) refuse(part, "has no ] to its [");
  for (const std::string& number : expand_numbers(rest.substr(open + 1, close - open - 1), part))
    expand(plain + number, rest.substr(close + 1), part, hosts);
}

}  // namespace

std::vector<std::string> expand_hosts(std::string_view list) {
  constexpr std::ptrdiff_t kBracketsMax = 8;
  std::vector<std::string> hosts;
  for (const std::string_view part : parts_outside_brackets(list)) {
    if (std::ranges::count(part, '[') > kBracketsMax)
      refuse(part, fmt::format("has more than {} pairs of brackets", kBracketsMax));
    expand("", part, part, hosts);
  }
  return hosts;
}

bool is_same_host(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const std::string_view shorter = one.size() < other.size() ? one : other;
  const std::string_view longer = one.size() < other.size() ? other : one;
  return shorter.find('.') == std::string_view::npos && !shorter.empty() && longer.starts_with(shorter) &&
         longer[shorter.size()] == '.';
}

}  // namespace crossilo
