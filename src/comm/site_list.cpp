#include "crossilo/comm/site_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "crossilo/base/error.hpp"
#include "crossilo/base/silo_name.hpp"
#include "crossilo/base/text.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/comm/host_list.hpp"

namespace crossilo {
namespace {

/// Throws where a name is no site's.
void check_site_name(std::string_view site) {
  if (const std::string fault = silo_name_fault(site); !fault.empty())
    throw ConfigError(fmt::format("site \"{}\" {}; {} are allowed", shown(site), fault, kSiloNameAllowed));
}

/// Finds out where somebody would be at two sites.
class MemberCheck {
 public:
  void operator()(const SiteMembers& one) {
    if (site_of_.size() + one.members.size() > kHostsMax)
      throw ConfigError(fmt::format("all sites together name more than {} hosts", kHostsMax));
    for (const std::string& member : one.members)
      if (const auto [before, is_new] = site_of_.emplace(member, one.site); !is_new)
        throw ConfigError(before->second == one.site
                              ? fmt::format("{} is named twice at site {}", member, one.site)
                              : fmt::format("{} is named at site {} and at site {}", member, before->second, one.site));
  }

 private:
  std::map<std::string, std::string> site_of_;
};

}  // namespace

std::vector<SiteMembers> parse_sites(std::string_view text) {
  std::vector<SiteMembers> sites;
  std::set<std::string, std::less<>> names;
  MemberCheck check;
  for (const std::string& part : parts_of(text, ';')) {
    const std::size_t colon = part.find(':');
    if (colon == std::string::npos)
      throw ConfigError(fmt::format("\"{}\" has no colon between a site and its hosts", shown(trimmed(part))));
    const std::string_view site = trimmed(std::string_view(part).substr(0, colon));
    const std::string_view list = trimmed(std::string_view(part).substr(colon + 1));
    check_site_name(site);
    if (!names.emplace(site).second) throw ConfigError(fmt::format("site {} is named twice", site));
    sites.push_back({.site = std::string(site), .list = std::string(list), .members = expand_hosts(list)});
    check(sites.back());
  }
  return sites;
}

std::string text_of(const std::vector<SiteMembers>& sites) {
  std::vector<std::string> parts;
  for (const SiteMembers& one : sites) parts.push_back(one.site + ": " + one.list);
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<SiteMembers> parse_sites_file(std::string_view text, const std::string& file) {
  std::vector<SiteMembers> sites;
  MemberCheck check;
  std::size_t number = 0;
  for (const std::string& line : parts_of(text, '\n')) {
    ++number;
    const std::string_view pair = trimmed(std::string_view(line).substr(0, line.find('#')));
    if (pair.empty()) continue;
    const std::size_t blank = pair.find_last_of(" \t");
    try {
      if (blank == std::string_view::npos)
        throw ConfigError(fmt::format("\"{}\": a host or a silo, a blank and its site are wanted", shown(pair)));
      const std::string site(pair.substr(blank + 1));
      const std::string_view list = trimmed(pair.substr(0, blank));
      check_site_name(site);
      sites.push_back({.site = site, .list = std::string(list), .members = expand_hosts(list)});
      check(sites.back());
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("{}:{}: {}", file, number, error.what()));
    }
  }
  if (sites.empty()) throw ConfigError(file + ": names no site; one \"HOST-OR-SILO SITE\" a line is wanted");
  return sites;
}

std::vector<SiteMembers> read_sites_file(const std::string& path) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw ConfigError(fmt::format("{}: reading failed: {}", path, std::strerror(errno)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kBytesMax) throw ConfigError(fmt::format("{}: has more than {} bytes (1 MiB)", path, kBytesMax));
  return parse_sites_file(text, path);
}

}  // namespace crossilo
