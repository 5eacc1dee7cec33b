// Aim: lists of sites and who is there, as a setting and as a file say it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossilo {

inline constexpr const char* kSiteVariable = "CROSSILO_SITE";

/// A site and who is there: hosts, in a file silos too.
struct SiteMembers {
  std::string site;
  std::string list;                  // as it was written
  std::vector<std::string> members;  // as it expands
};

/// "north: n[1-4], n7; south: s1". Throws: ConfigError that says which part is wrong.
[[nodiscard]] std::vector<SiteMembers> parse_sites(std::string_view text);
/// The same text again, written evenly.
[[nodiscard]] std::string text_of(const std::vector<SiteMembers>& sites);

/// One "HOST-OR-SILO SITE" a line, lists of hosts too; # begins a comment. `file` names it in messages.
/// Throws: ConfigError with the line.
[[nodiscard]] std::vector<SiteMembers> parse_sites_file(std::string_view text, const std::string& file);
/// The same for a file of at most 1 MiB.
[[nodiscard]] std::vector<SiteMembers> read_sites_file(const std::string& path);

}  // namespace crossilo
