// Aim: a page whose tags are not closed, that asks for something outside, or whose numbers are missing is found out.
#pragma once

#include <string>
#include <vector>

namespace crossilo {

/// What is wrong with a page's tags and attributes; empty: all are closed, and no number is missing.
inline std::string fault_of(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    for (const char* bad : {"nan", "inf", "src=", "href=", "script", "onload"})
      if (tag.find(bad) != std::string::npos) return "<" + tag + ">";
    if (tag.front() == '!' || name == "meta" || tag.back() == '/') continue;
    if (tag.front() != '/') {
      open.push_back(name);
    } else {
      if (open.empty() || "/" + open.back() != name) return "<" + tag + "> closes nothing";
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

}  // namespace crossilo
