#include "site_rule.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <span>

#include "crossilo/base/error.hpp"
#include "crossilo/base/utf8.hpp"
#include "crossilo/foreign/openssl.hpp"

namespace crossilo {

SiteRule site_rule(const Config& config) {
  SiteRule rule{.sites_from = config.topology.sites_from};
  try {
    if (rule.sites_from == "hosts") {
      rule.sites = parse_sites(config.topology.hosts);
      rule.source = fmt::format("topology.hosts ({})", shown(config.topology.hosts));
    } else if (rule.sites_from == "file") {
      rule.source = "topology.file = " + config.topology.file;
      rule.sites = read_sites_file(config.topology.file);
    }
  } catch (const ConfigError& error) {
    rule.fault = error.what();
  }
  return rule;
}

NamedTexts::value_type contents_of_sites_file(const SiteRule& rule) {
  std::string says;
  if (rule.sites_from == "file") {
    const std::string text = text_of(rule.sites);
    says = rule.fault.empty() ? "SHA-256 " + to_hex(sha256(std::as_bytes(std::span(text)))).substr(0, 16) + "…"
                              : "nothing: " + rule.fault;
  }
  return {"what topology.file says", says};
}

SiteClaim own_site(const SiteRule& rule, const std::vector<std::string>& silos, int gpus) {
  const auto environment = [](const char* name) { return static_cast<const char*>(std::getenv(name)); };
  return claim_site(rule, {.host = host_name(), .silos = silos, .environment = environment, .gpus = gpus});
}

std::string unread_site_variable(const Config& config) {
  if (config.topology.sites_from == "env" || std::getenv(kSiteVariable) == nullptr) return "";
  return fmt::format("{} is set, but not read: topology.sites_from is {}, not env", kSiteVariable,
                     config.topology.sites_from);
}

}  // namespace crossilo
