// What the table of settings says to people: a page of documentation and a configuration with every key.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "config_options.hpp"
#include "crossilo/io/config.hpp"

namespace crossilo {
namespace {

constexpr const char* kIntroduction = R"(# Configuration

A configuration is one INI file that all silos share: sections in brackets, `key = value` lines, comments from `#` or `;`
to the end of the line, double quotes around a value that holds one of these. UTF-8, at most 1 MiB. It is strict: a key
that does not exist, a key set twice, a key without effect and a value that is not allowed are errors (exit code 2), all
of them are shown at once, and nothing is started. A working example with a comment on each line: `configs/heart.ini`.
Every key with its default: `configs/full_reference.ini`. What a configuration comes to, before anything is trained:
`crossilo plan CONFIG.ini`.

## Where settings come from
The first of these that has a key decides:

1. the command line: `crossilo train CONFIG.ini --train.learning_rate 0.1`
2. the environment: `CROSSILO_TRAIN_LEARNING_RATE=0.1`, `CROSSILO_SECTION_KEY` for each key
3. the silo's own file: `--own_config FILE`, or `CROSSILO_OWN_CONFIG=FILE`; it may hold only the keys marked *own*
4. the file that all silos share
5. the default

Relative paths start where the program does, whichever file they stand in.

Any other variable `CROSSILO_…` is an error, since it may be a misspelt key, except:

| variable | what it is for |
|---|---|
)";

constexpr const char* kColumns = R"(
## What the columns say
*for*: **all** settings must have the same value everywhere; the silos compare them before the first round, and a
difference names key and silos. **own** ones belong to a silo and may differ. *resume*: a resumed run must have the same
value; the others may change, so that a run can be made longer.

These tables are written by the program from the one that its parser uses.
)";

constexpr const char* kReferenceHead = R"(# Every setting of crossilo, with what it is, what is allowed and its default.
# Keys that must be set stand here with an example; to change another one, take the # off its line.
# Written by the program from the table that its parser uses; more about it: docs/configuration.md
)";

std::string escaped(const std::string& text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

std::string section_of(const ConfigOption& option) { return option.name.substr(0, option.name.find('.')); }
std::string key_of(const ConfigOption& option) { return option.name.substr(option.name.find('.') + 1); }

std::string default_of(const ConfigOption& option) {
  const std::string value = option.write(Config());
  if (option.need == Need::required) return "must be set";
  if (option.need == Need::or_torchscript) return "must be set, unless model.torchscript is";
  return value.empty() ? "none" : fmt::format("`{}`", value);
}

/// The text as comment lines of at most 120 columns or so (bytes are counted).
std::string comment(const std::string& text) {
  constexpr std::size_t kColumnsMax = 116;
  std::string lines;
  std::string line = "#";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kColumnsMax) {
      lines += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return lines + line + "\n";
}

std::string without_ticks(std::string text) {
  std::erase(text, '`');
  return text;
}

}  // namespace

std::string configuration_reference() {
  std::string text = kIntroduction;
  for (const ReservedVariable& variable : reserved_variables())
    text += fmt::format("| `{}` | {} |\n", variable.name, variable.meaning);
  text += kColumns;
  std::string section;
  for (const ConfigOption& option : config_options()) {
    if (section_of(option) != section) {
      section = section_of(option);
      text += fmt::format(
          "\n## [{}]\n| key | allowed | default | for | resume | meaning |\n|---|---|---|---|---|---|\n", section);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key_of(option), escaped(option.allowed),
                        default_of(option), option.belongs == Belongs::to_all ? "all" : "own",
                        option.fixes_course ? "same" : "may change", escaped(option.meaning));
  }
  text +=
      "\n## On the command line alone\n"
      "Of one start, and in no file: `crossilo train CONFIG.ini --np 4`.\n\n"
      "| option | default | meaning |\n|---|---|---|\n";
  for (const LaunchOption& option : launch_options())
    text += fmt::format("| `--{}{}` | {} | {} |\n", option.name, option.argument.empty() ? "" : " " + option.argument,
                        option.default_value.empty() ? "none" : fmt::format("`{}`", option.default_value),
                        escaped(option.meaning));
  return text;
}

std::string config_text(const Config& config) {
  const std::vector<std::string> idle = settings_without_effect(config);
  std::string text = "# Every setting of this run, as it was in effect.\n";
  std::string section;
  for (const ConfigOption& option : config_options()) {
    const std::string value = option.write(config);
    if (value.empty() || std::ranges::find(idle, option.name) != idle.end()) continue;
    if (section_of(option) != section) {
      section = section_of(option);
      text += fmt::format("\n[{}]\n", section);
    }
    const bool wants_quotes = value.find_first_of("#;\"") != std::string::npos;
    text += fmt::format("{} = {}\n", key_of(option), wants_quotes ? '"' + value + '"' : value);
  }
  return text;
}

std::string reference_configuration() {
  std::string text = kReferenceHead;
  std::string section;
  for (const ConfigOption& option : config_options()) {
    if (section_of(option) != section) {
      section = section_of(option);
      text += fmt::format("\n[{}]\n", section);
    } else {
      text += "\n";
    }
    text += comment(option.meaning);
    text += comment(fmt::format("Allowed: {}. {}{}.{}", option.allowed,
                                option.need == Need::optional ? "Default: " : "It ", without_ticks(default_of(option)),
                                option.belongs == Belongs::to_silo ? " Belongs to a silo." : ""));
    const std::string value = option.write(Config());
    text += fmt::format("{}{} = {}\n", option.need == Need::optional ? "#" : "", key_of(option),
                        value.empty() || option.need != Need::optional ? option.example : value);
  }
  return text;
}

}  // namespace crossilo
