#include "crossilo/base/silo_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crossilo/base/utf8.hpp"

namespace crossilo {
namespace {

constexpr std::size_t kLongest = 64;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_allowed(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

}  // namespace

std::string silo_name_fault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (std::ranges::any_of(name, is_capital)) return "has a capital letter";
  const auto strange = std::ranges::find_if_not(name, is_allowed);
  if (strange != name.end()) {
    const std::string_view rest = name.substr(static_cast<std::size_t>(strange - name.begin()));
    return fmt::format("has the character \"{}\"", shown(rest.substr(0, std::max<std::size_t>(1, utf8_length(rest)))));
  }
  return name.size() > kLongest ? fmt::format("has {} characters", name.size()) : "";
}

std::string nearest_silo_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const char c = is_capital(text.front()) ? static_cast<char>(text.front() - 'A' + 'a') : text.front();
    name += is_allowed(c) ? c : '_';
    text.remove_prefix(std::max<std::size_t>(1, utf8_length(text)));
  }
  // A file that begins with a dash would look like an option to other programs.
  if (name.starts_with('-')) name.front() = '_';
  return name;
}

}  // namespace crossilo
