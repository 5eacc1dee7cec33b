// Aim: the command line of a subcommand: options, then files.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

namespace crossilo {

/// What a subcommand says of itself. `positional` names what stands without "--", in order; the last may repeat. All of
/// it must be given unless `positional_optional`.
/// `takes_settings`: any key of a configuration may stand as --section.key (config_arguments).
struct CommandText {
  std::string name;   // "model check"
  std::string usage;  // before the options
  std::string example;
  std::vector<std::string> positional;
  bool takes_settings = false;
  bool positional_optional = false;
};

/// The values; nothing after --help, which is printed. Throws: ConfigError that names the option and the help.
[[nodiscard]] std::optional<boost::program_options::variables_map> parse_command_line(
    const CommandText& text, const boost::program_options::options_description& options, int argc, char** argv);

/// The numbers of "28,28". Throws: ConfigError.
[[nodiscard]] std::vector<std::size_t> parse_shape(const std::string& option, const std::string& text);

}  // namespace crossilo
