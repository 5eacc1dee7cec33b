// Aim: the types of setting: what is allowed, and both directions between text and value.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config_options.hpp"

namespace crossilo {

template <class T>
struct Kind {
  std::string allowed;
  std::function<std::optional<T>(const std::string&)> read;
  std::function<std::string(const T&)> write;
  std::function<std::string(const std::string&)> fault{};  // why a text was not read, where there is more to say
};

inline constexpr std::uint32_t kCountMax = 1'000'000'000;
inline constexpr std::size_t kSilosMax = 10'000;

template <class T>
std::optional<T> whole_text_as(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
Kind<T> whole_number(T low, T high) {
  return {high == std::numeric_limits<std::uint64_t>::max() ? fmt::format("a whole number ≥ {} (64 bits)", low)
                                                            : fmt::format("a whole number from {} to {}", low, high),
          [=](const std::string& text) {
            const auto value = whole_text_as<T>(text);
            return value && *value >= low && *value <= high ? value : std::nullopt;
          },
          [](const T& value) { return fmt::format("{}", value); }};
}

[[nodiscard]] inline Kind<std::uint32_t> count_from(std::uint32_t low) { return whole_number(low, kCountMax); }
[[nodiscard]] Kind<double> positive_number();
[[nodiscard]] Kind<double> number_from_zero();
[[nodiscard]] Kind<double> number_from_zero_below_one();

/// One of several words, each with its value.
template <class T>
Kind<T> choice(std::vector<std::pair<std::string, T>> words) {
  std::string allowed;
  for (const auto& [word, value] : words) allowed += (allowed.empty() ? "" : " | ") + word;
  return {std::move(allowed),
          [words](const std::string& text) -> std::optional<T> {
            for (const auto& [word, value] : words)
              if (word == text) return value;
            return std::nullopt;
          },
          [words](const T& value) {
            for (const auto& [word, known] : words)
              if (known == value) return word;
            return std::string();
          }};
}

[[nodiscard]] Kind<bool> yes_or_no();
[[nodiscard]] Kind<std::string> one_of(const std::vector<std::string>& names);
[[nodiscard]] Kind<std::string> short_name();
/// Names with commas between them; `part{08..12}` stands for part08, part09, …, part12.
[[nodiscard]] Kind<std::vector<std::string>> silo_names();
/// `none`, or some of the words.
[[nodiscard]] Kind<std::vector<std::string>> none_or_some_of(const std::vector<std::string>& words);
[[nodiscard]] Kind<std::vector<std::uint32_t>> widths();
[[nodiscard]] Kind<std::string> path();
/// A path in which {silo} may stand.
[[nodiscard]] Kind<std::string> path_of_silo();
[[nodiscard]] Kind<std::string> sha256_digits();
/// Hosts of sites, as parse_sites() reads them.
[[nodiscard]] Kind<std::string> sites_by_host();

/// What an option is besides its type.
struct About {
  Need need = Need::optional;
  Belongs belongs = Belongs::to_all;
  bool fixes_course = true;
  std::string example{};
  std::string meaning;
};

/// `field` gives the option's place in a configuration.
template <class T, class Field>
ConfigOption option(std::string name, Kind<T> kind, Field field, About about) {
  return {.name = std::move(name),
          .allowed = kind.allowed,
          .meaning = std::move(about.meaning),
          .example = std::move(about.example),
          .need = about.need,
          .belongs = about.belongs,
          .fixes_course = about.fixes_course,
          .read =
              [read = kind.read, field](Config& config, const std::string& text) {
                std::optional<T> value = read(text);
                if (value) field(config) = std::move(*value);
                return value.has_value();
              },
          .write = [write = kind.write, field](const Config& config) { return write(field(config)); },
          .fault = std::move(kind.fault)};
}

#define CROSSILO_FIELD(field) \
  [](auto& config) -> auto& { return config.field; }

}  // namespace crossilo
