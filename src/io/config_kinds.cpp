#include "config_kinds.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/silo_name.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/comm/site_list.hpp"

namespace crossilo {
namespace {

Kind<double> number(std::string allowed, std::function<bool(double)> is_allowed) {
  return {std::move(allowed),
          [is_allowed = std::move(is_allowed)](const std::string& text) {
            const auto value = whole_text_as<double>(text);
            return value && std::isfinite(*value) && is_allowed(*value) ? value : std::nullopt;
          },
          [](const double& value) { return fmt::format("{}", value); }};
}

bool is_short_name(const std::string& text) { return silo_name_fault(text).empty(); }

/// The parts between the commas, without the blanks around them.
std::vector<std::string> comma_parts(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string part = text.substr(start, end - start);
    part.erase(0, part.find_first_not_of(" \t"));
    part.erase(part.find_last_not_of(" \t") + 1);
    parts.push_back(std::move(part));
    start = end + 1;
  }
  return parts;
}

bool are_distinct(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

template <class T>
std::string joined(const std::vector<T>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

bool are_digits(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Adds what a part of run.silos stands for: one name, or the names of a range. False: it is neither.
bool add_names(const std::string& part, std::vector<std::string>& names) {
  const std::size_t open = part.find('{');
  if (open == std::string::npos) {
    names.push_back(part);
    return is_short_name(part);
  }
  const std::size_t dots = part.find("..", open);
  const std::size_t close = part.find('}', open);
  if (dots == std::string::npos || close == std::string::npos || dots > close) return false;
  const std::string first = part.substr(open + 1, dots - open - 1);
  const std::string last = part.substr(dots + 2, close - dots - 2);
  if (!are_digits(first) || !are_digits(last)) return false;
  const auto begin = whole_text_as<std::uint32_t>(first);
  const auto end = whole_text_as<std::uint32_t>(last);
  if (!begin || !end || *end < *begin || *end - *begin >= kSilosMax) return false;
  for (std::uint32_t number = *begin; number <= *end; ++number) {
    names.push_back(fmt::format("{}{:0{}}{}", part.substr(0, open), number, first.size(), part.substr(close + 1)));
    if (!is_short_name(names.back())) return false;
  }
  return true;
}

std::optional<std::vector<std::string>> read_silo_names(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string& part : comma_parts(text))
    if (!add_names(part, names) || names.size() > kSilosMax) return std::nullopt;
  if (!are_distinct(names)) return std::nullopt;
  return names;
}

/// The first part that keeps a text from being a list of silos, and why.
std::string silo_names_fault(const std::string& text) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& part : comma_parts(text)) {
    const std::size_t before = names.size();
    const bool are_names = add_names(part, names);
    if (!are_names && names.size() == before) return fmt::format("\"{}\" is neither a name nor a range", shown(part));
    for (std::size_t i = before; i < names.size(); ++i) {
      const std::string fault = silo_name_fault(names[i]);
      if (!fault.empty()) return fmt::format("\"{}\" {}", shown(names[i]), fault);
      if (!seen.insert(names[i]).second) return names[i] + " is named twice";
    }
    if (names.size() > kSilosMax) return fmt::format("more than {} are named", kSilosMax);
  }
  return "";
}

std::optional<std::string> read_path_of_silo(const std::string& text) {
  if (text.empty() || path_for_silo(text, "").find_first_of("{}") != std::string::npos) return std::nullopt;
  return text;
}

std::optional<std::string> read_sha256(const std::string& text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  if (text.size() != 64 || !std::all_of(text.begin(), text.end(), is_hex)) return std::nullopt;
  std::string digits = text;
  for (char& c : digits)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return digits;
}

std::optional<std::string> read_sites(const std::string& text) try {
  return text_of(parse_sites(text));
} catch (const ConfigError&) {
  return std::nullopt;
}

std::string sites_fault(const std::string& text) try {
  (void)parse_sites(text);
  return "";
} catch (const ConfigError& error) {
  return error.what();
}

std::string as_it_is(const std::string& value) { return value; }

}  // namespace

Kind<double> positive_number() {
  return number("a number > 0", [](double value) { return value > 0; });
}
Kind<double> number_from_zero() {
  return number("a number ≥ 0", [](double value) { return value >= 0; });
}
Kind<double> number_from_zero_below_one() {
  return number("a number ≥ 0 and < 1", [](double value) { return value >= 0 && value < 1; });
}

Kind<bool> yes_or_no() { return choice<bool>({{"true", true}, {"false", false}}); }

Kind<std::string> one_of(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const std::string& name : names) words.emplace_back(name, name);
  return choice(std::move(words));
}

Kind<std::string> short_name() {
  return {"a name of a-z, 0-9, _ and -, at most 64 characters",
          [](const std::string& text) { return is_short_name(text) ? std::optional(text) : std::nullopt; }, as_it_is};
}

Kind<std::vector<std::string>> silo_names() {
  return {fmt::format("a list of at most {} distinct names (a-z, 0-9, _ and -, at most 64 characters) with commas "
                      "between them, or a range such as silo{{00..99}}",
                      kSilosMax),
          read_silo_names, joined<std::string>, silo_names_fault};
}

Kind<std::vector<std::string>> none_or_some_of(const std::vector<std::string>& words) {
  return {fmt::format("none, or a list of {}", fmt::join(words, ", ")),
          [words](const std::string& text) -> std::optional<std::vector<std::string>> {
            if (text == "none") return std::vector<std::string>();
            const std::vector<std::string> parts = comma_parts(text);
            const auto is_known = [&](auto& part) { return std::ranges::find(words, part) != words.end(); };
            if (!std::ranges::all_of(parts, is_known) || !are_distinct(parts)) return std::nullopt;
            std::vector<std::string> in_order;  // so that the same choice always has the same canonical text
            for (const std::string& word : words)
              if (std::ranges::find(parts, word) != parts.end()) in_order.push_back(word);
            return in_order;
          },
          [](const std::vector<std::string>& chosen) { return chosen.empty() ? "none" : joined(chosen); }};
}

Kind<std::vector<std::uint32_t>> widths() {
  constexpr std::uint32_t kWidthMax = 1'000'000;
  constexpr std::size_t kLayersMax = 100;
  return {
      fmt::format("a list of whole numbers from 1 to {} with commas between them, at most {}", kWidthMax, kLayersMax),
      [](const std::string& text) -> std::optional<std::vector<std::uint32_t>> {
        std::vector<std::uint32_t> values;
        for (const std::string& part : comma_parts(text)) {
          const auto value = whole_text_as<std::uint32_t>(part);
          if (!value || *value < 1 || *value > kWidthMax || values.size() == kLayersMax) return std::nullopt;
          values.push_back(*value);
        }
        return values;
      },
      joined<std::uint32_t>};
}

Kind<std::string> path() {
  return {"a path", [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); },
          as_it_is};
}

Kind<std::string> path_of_silo() {
  return {"a path, in which {silo} stands for the silo's name", read_path_of_silo, as_it_is};
}

Kind<std::string> sites_by_host() {
  return {"the hosts of each site, such as north: n[1-4], n7; south: s1", read_sites, as_it_is, sites_fault};
}

Kind<std::string> sha256_digits() { return {"64 hexadecimal digits", read_sha256, as_it_is}; }

}  // namespace crossilo
