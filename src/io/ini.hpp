// Aim: the lines of an INI file, each with its number; nothing is interpreted here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

/// One setting as written. `name` is "section.key".
struct IniEntry {
  std::string name;
  std::string value;  // without quotes and comment
  int line = 0;
};

/// A mistake in a file. Line 0: the file as a whole.
struct IniProblem {
  int line = 0;
  std::string text;
};

struct IniFile {
  std::vector<IniEntry> entries;
  std::vector<IniProblem> problems;
  bool hides_settings = false;  // a line or a section could not be read, and nobody knows what it would have set
};

/// Reads sections, keys and values. Comments start with # or ; at the start of a line or after a blank; a value in
/// double quotes may hold them (\" and \\ stand for themselves). What cannot be read is a problem, never an exception.
[[nodiscard]] IniFile scan_ini(std::string_view text);

}  // namespace crossilo
