// Aim: settings on the command line, the same way in every subcommand that takes a configuration.
#pragma once

#include <boost/program_options.hpp>
#include <string>

#include "crossilo/io/config.hpp"

namespace crossilo {

/// Adds --own_config and every key as --section.key VALUE. There are too many for a help text: kConfigHelp is for that.
void add_config_options(boost::program_options::options_description& options);

/// What a help text says about them.
inline constexpr const char* kConfigHelp =
    "  --own_config FILE     this silo's own settings, such as data.path\n"
    "  --SECTION.KEY VALUE   any setting of docs/configuration.md, such as --train.learning_rate 0.1;\n"
    "                        stronger than CROSSILO_SECTION_KEY in the environment and than the files\n";

/// "; did you mean --train.learning_rate?" for an option that looks like a key; otherwise empty.
[[nodiscard]] std::string option_suggestion(const std::string& option);

/// All that the command line and the environment say about a configuration file.
[[nodiscard]] ConfigRequest config_request(const std::string& path,
                                           const boost::program_options::variables_map& values);

}  // namespace crossilo
