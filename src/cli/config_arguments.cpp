#include "config_arguments.hpp"

#include <vector>

namespace crossilo {

namespace po = boost::program_options;

namespace {

using Texts = std::vector<std::string>;

constexpr const char* kOwnConfig = "own_config";

}  // namespace

void add_config_options(po::options_description& options) {
  options.add_options()(kOwnConfig, po::value<std::string>());
  // Each may come several times here, so that load_config says it together with all other mistakes.
  for (const SettingHelp& help : setting_helps())
    options.add_options()(help.name.c_str(), po::value<Texts>(), help.meaning.c_str());
}

std::string option_suggestion(const std::string& option) {
  const std::string name =
      option.substr(option.find_first_not_of('-') == std::string::npos ? option.size() : option.find_first_not_of('-'));
  if (name.find('.') == std::string::npos) {  // the key without its section?
    for (const SettingHelp& help : setting_helps())
      if (help.name.ends_with("." + name)) return "; did you mean --" + help.name + "?";
    return "";
  }
  const std::string suggestion = setting_suggestion(name);
  const std::string lead = "did you mean ";
  return "; " + (suggestion.rfind(lead, 0) == 0 ? lead + "--" + suggestion.substr(lead.size()) : suggestion);
}

ConfigRequest config_request(const std::string& path, const po::variables_map& values) {
  ConfigRequest request{.path = path, .environment = crossilo_environment()};
  if (values.count(kOwnConfig) != 0) request.own_path = values[kOwnConfig].as<std::string>();
  for (const SettingHelp& help : setting_helps())
    if (values.count(help.name) != 0)
      for (const std::string& value : values[help.name].as<Texts>())
        request.command_line.emplace_back(help.name, value);
  return request;
}

}  // namespace crossilo
