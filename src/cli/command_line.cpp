#include "command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>

#include "../io/spelling.hpp"
#include "config_arguments.hpp"
#include "crossilo/base/error.hpp"

namespace crossilo {

namespace po = boost::program_options;

namespace {

/// "; did you mean --sites?"
std::string own_option_suggestion(const std::string& option, const po::options_description& options) {
  constexpr std::size_t kLettersMin = 3;  // fewer look like anything
  const std::string name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::vector<std::string> names;
  for (const auto& known : options.options()) names.push_back(known->long_name());
  const std::string* near = name.size() < kLettersMin ? nullptr : nearest_name(name, names);
  for (const std::string& known : names)
    if (known == "np" && (name == "n" || name == "np")) near = &known;  // as mpirun and srun have it
  return near == nullptr ? "" : "; did you mean --" + *near + "?";
}

}  // namespace

std::optional<po::variables_map> parse_command_line(const CommandText& text, const po::options_description& options,
                                                    int argc, char** argv) {
  po::options_description shown = options;
  shown.add_options()("help,h", "print this text");
  po::options_description all;
  all.add(shown);
  if (text.takes_settings) add_config_options(all);
  po::positional_options_description positional;
  for (const std::string& name : text.positional) {
    all.add_options()(name.c_str(), po::value<std::vector<std::string>>());
    positional.add(name.c_str(), name == text.positional.back() ? -1 : 1);
  }
  po::variables_map values;
  try {
    po::store(po::command_line_parser(std::vector<std::string>(argv, argv + argc))
                  .options(all)
                  .positional(positional)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              values);
  } catch (const po::unknown_option& error) {
    const std::string option = error.get_option_name();
    std::string suggestion = text.takes_settings ? option_suggestion(option) : "";
    if (suggestion.empty()) suggestion = own_option_suggestion(option, options);
    throw ConfigError(fmt::format("{0}: {1}{2}; see crossilo {0} --help", text.name, error.what(), suggestion));
  } catch (const po::error& error) {
    throw ConfigError(fmt::format("{0}: {1}; see crossilo {0} --help", text.name, error.what()));
  }
  if (values.count("help") > 0) {
    std::cout << text.usage << shown << (text.takes_settings ? kConfigHelp : "") << text.example;
    return std::nullopt;
  }
  for (const std::string& name : text.positional)
    if (values.count(name) == 0 && !text.positional_optional)
      throw ConfigError(fmt::format("{0}: no {1} is given; see crossilo {0} --help", text.name, name));
  return values;
}

std::vector<std::size_t> parse_shape(const std::string& option, const std::string& text) {
  std::vector<std::size_t> shape;
  std::istringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    std::size_t extent = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), extent);
    if (error != std::errc{} || end != part.data() + part.size() || extent == 0)
      throw ConfigError(fmt::format("{} = \"{}\": numbers from 1 on are wanted, such as 28,28", option, text));
    shape.push_back(extent);
  }
  return shape;
}

}  // namespace crossilo
