#include "config_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace crossilo {
namespace {

/// A type of value: what is allowed, and both directions between text and value.
template <class T>
struct Kind {
  std::string allowed;
  std::function<std::optional<T>(const std::string&)> read;
  std::function<std::string(const T&)> write;
};

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

Kind<double> number(std::string allowed, std::function<bool(double)> is_allowed) {
  return {std::move(allowed),
          [is_allowed = std::move(is_allowed)](const std::string& text) {
            const auto value = whole_text_as<double>(text);
            return value && std::isfinite(*value) && is_allowed(*value) ? value : std::nullopt;
          },
          [](const double& value) { return fmt::format("{}", value); }};
}

Kind<double> positive_number() {
  return number("a number > 0", [](double value) { return value > 0; });
}

/// One of several words, each with its value.
template <class T>
Kind<T> choice(std::vector<std::pair<std::string, T>> words) {
  std::string allowed;
  for (const auto& [word, value] : words) allowed += (allowed.empty() ? "" : " | ") + word;
  return {std::move(allowed),
          [words](const std::string& text) {
            const auto found = std::find_if(words.begin(), words.end(), [&](auto& word) { return word.first == text; });
            return found == words.end() ? std::nullopt : std::optional<T>(found->second);
          },
          [words](const T& value) {
            return std::find_if(words.begin(), words.end(), [&](auto& word) { return word.second == value; })->first;
          }};
}

Kind<std::string> one_of(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const std::string& name : names) words.emplace_back(name, name);
  return choice(std::move(words));
}

bool is_short_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Kind<std::string> short_name() {
  return {"a name of a-z, 0-9, _ and -, at most 64 characters",
          [](const std::string& text) { return is_short_name(text) ? std::optional(text) : std::nullopt; },
          [](const std::string& value) { return value; }};
}

std::optional<std::vector<std::string>> read_names(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string name = text.substr(start, end - start);
    name.erase(0, name.find_first_not_of(" \t"));
    name.erase(name.find_last_not_of(" \t") + 1);
    if (!is_short_name(name)) return std::nullopt;
    names.push_back(std::move(name));
    start = end + 1;
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) return std::nullopt;
  return names;
}

Kind<std::vector<std::string>> distinct_names() {
  return {"a list of distinct names (a-z, 0-9, _ and -) with commas between them", read_names,
          [](const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }};
}

std::optional<std::string> read_path(const std::string& text) {
  if (text.empty() || path_for_silo(text, "").find_first_of("{}") != std::string::npos) return std::nullopt;
  return text;
}

Kind<std::string> path() {
  return {"a path, in which {silo} stands for the silo's name", read_path,
          [](const std::string& value) { return value; }};
}

/// What an option is besides its type.
struct About {
  bool required = false;
  bool shared = true;
  std::string meaning;
};

/// `field` gives the option's place in a configuration.
template <class T, class Field>
ConfigOption option(std::string name, Kind<T> kind, Field field, About about) {
  return {std::move(name),
          kind.allowed,
          std::move(about.meaning),
          about.required,
          about.shared,
          [read = kind.read, field](Config& config, const std::string& text) {
            const std::optional<T> value = read(text);
            if (value) field(config) = *value;
            return value.has_value();
          },
          [write = kind.write, field](const Config& config) { return write(field(config)); }};
}

constexpr std::uint32_t kCountMax = 1'000'000'000;

#define CROSSILO_FIELD(field) \
  [](auto& config) -> auto& { return config.field; }

void add_run_and_data(std::vector<ConfigOption>& options) {
  options.push_back(
      option("run.name", short_name(), CROSSILO_FIELD(run.name),
             {.required = true, .meaning = "Names the run: its results go to runs/NAME-1, runs/NAME-2, …"}));
  options.push_back(option("run.silos", distinct_names(), CROSSILO_FIELD(run.silos),
                           {.required = true,
                            .meaning = "The institutions that train together, one silo each, in an "
                                       "order that all of them use."}));
  options.push_back(option("run.rounds", whole_number<std::uint32_t>(1, kCountMax), CROSSILO_FIELD(run.rounds),
                           {.required = true, .meaning = "How often the silos train and add up their changes."}));
  options.push_back(option(
      "run.seed", whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()), CROSSILO_FIELD(run.seed),
      {.meaning = "The root of all shared randomness; it is no secret. With the same seed and the same secrets in "
                  "data.private_folder a run repeats itself."}));
  options.push_back(option("run.one_machine", choice<bool>({{"true", true}, {"false", false}}),
                           CROSSILO_FIELD(run.one_machine),
                           {.meaning = "true: all silo files lie on this machine, so the closing table may show every "
                                       "silo and compare with pooled rows. false: each silo sees its own column."}));
  options.push_back(option("run.weights",
                           choice<WeightRule>({{"rows", WeightRule::rows}, {"equal", WeightRule::equal}}),
                           CROSSILO_FIELD(run.weights),
                           {.meaning = "How much a silo counts in the mean: by its training rows, or each alike."}));
  options.push_back(option(
      "run.peer_seconds_max", positive_number(), CROSSILO_FIELD(run.peer_seconds_max),
      {.meaning = "How long a silo waits for another without any progress before the run ends "
                  "with exit code 5, in seconds. More than the slowest silo needs longer than the fastest to load "
                  "its rows, or to train in one round."}));
  options.push_back(
      option("data.path", path(), CROSSILO_FIELD(data.path),
             {.required = true,
              .shared = false,
              .meaning = "The silo file (docs/silo-file.md). Relative paths start where the program does."}));
  options.push_back(option(
      "data.private_folder", path(), CROSSILO_FIELD(data.private_folder),
      {.shared = false,
       .meaning = "Holds the silo's secret, and with run.one_machine = false its own results (RUN.txt). Only that "
                  "silo may read it."}));
}

void add_training(std::vector<ConfigOption>& options) {
  options.push_back(option("model.name", one_of({"logreg"}), CROSSILO_FIELD(model.name),
                           {.required = true, .meaning = "The model: logistic regression."}));
  options.push_back(option("train.optimizer", one_of({"sgd"}), CROSSILO_FIELD(train.optimizer),
                           {.meaning = "How a silo takes a step: stochastic gradient descent."}));
  options.push_back(option("train.learning_rate", positive_number(), CROSSILO_FIELD(train.learning_rate),
                           {.required = true, .meaning = "Size of a silo's step."}));
  options.push_back(option("train.momentum",
                           number("a number ≥ 0 and < 1", [](double value) { return value >= 0 && value < 1; }),
                           CROSSILO_FIELD(train.momentum), {.meaning = "How much of the last step is taken again."}));
  options.push_back(option("train.batch_size", whole_number<std::uint32_t>(1, kCountMax),
                           CROSSILO_FIELD(train.batch_size), {.required = true, .meaning = "Rows in one step."}));
  options.push_back(option("train.local_epochs", whole_number<std::uint32_t>(1, kCountMax),
                           CROSSILO_FIELD(train.local_epochs),
                           {.meaning = "How often a silo goes through its rows in one round."}));
  options.push_back(option("algorithm.name", one_of({"fedavg"}), CROSSILO_FIELD(algorithm.name),
                           {.meaning = "What turns the mean change into the next model: fedavg adds it."}));
  options.push_back(option("algorithm.server_learning_rate", positive_number(),
                           CROSSILO_FIELD(algorithm.server_learning_rate),
                           {.meaning = "Factor on the mean change before it is added."}));
}

void add_privacy(std::vector<ConfigOption>& options) {
  options.push_back(
      option("privacy.masking", choice<bool>({{"on", true}, {"off", false}}), CROSSILO_FIELD(privacy.masking),
             {.meaning = "on: what leaves a silo looks like noise, only the sum over all can be read. off: "
                         "peers can read each silo's change; for tests."}));
  options.push_back(option("privacy.clip_norm", number("a number ≥ 0", [](double value) { return value >= 0; }),
                           CROSSILO_FIELD(privacy.clip_norm),
                           {.meaning = "The longest change (L2 norm) that one silo may add; longer ones are scaled "
                                       "down. 0: no bound."}));
  options.push_back(option("privacy.lane_bits", choice<unsigned>({{"32", 32}, {"16", 16}, {"8", 8}}),
                           CROSSILO_FIELD(privacy.lane_bits),
                           {.meaning = "Bits that carry one parameter: 16 halves the bytes sent, 8 quarters them, both "
                                       "at the price of coarser rounding."}));
  options.push_back(
      option("privacy.allow_two_silos", choice<bool>({{"true", true}, {"false", false}}),
             CROSSILO_FIELD(privacy.allow_two_silos),
             {.meaning = "Of two silos each can take its own part out of the sum and read the other's, so "
                         "two must be wanted: true."}));
}

#undef CROSSILO_FIELD

std::vector<ConfigOption> all_options() {
  std::vector<ConfigOption> options;
  add_run_and_data(options);
  add_training(options);
  add_privacy(options);
  return options;
}

}  // namespace

const std::vector<ConfigOption>& config_options() {
  static const std::vector<ConfigOption> options = all_options();
  return options;
}

}  // namespace crossilo
