#include <fmt/format.h>

#include "config_options.hpp"
#include "crossilo/io/config.hpp"

namespace crossilo {
namespace {

constexpr const char* kIntroduction = R"(# Configuration

A configuration is one INI file that all silos share: sections in brackets, `key = value` lines, comments from `#` or `;`
to the end of the line, double quotes around a value that holds one of these. It is strict: a key that does not exist, a
key set twice and a value that is not allowed are errors (exit code 2), all of a file are shown at once, and nothing is
started. A working example with a comment on each line: `configs/heart.ini`.

At the start the silos compare a hash over the keys marked *shared*; those must have the same value everywhere.

This page is written by the program from the table that its parser uses.
)";

std::string escaped(const std::string& text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? "\\|" : std::string(1, c);
  return cell;
}

}  // namespace

std::string configuration_reference() {
  std::string text = kIntroduction;
  std::string section;
  const Config defaults;
  for (const ConfigOption& option : config_options()) {
    const std::size_t dot = option.name.find('.');
    if (option.name.substr(0, dot) != section) {
      section = option.name.substr(0, dot);
      text +=
          fmt::format("\n## [{}]\n| key | allowed | default | shared | meaning |\n|---|---|---|---|---|\n", section);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", option.name.substr(dot + 1), escaped(option.allowed),
                        option.need != Need::optional ? "must be set" : fmt::format("`{}`", option.write(defaults)),
                        option.belongs == Belongs::to_all ? "yes" : "no", escaped(option.meaning));
  }
  return text;
}

}  // namespace crossilo
