// Aim: where the configuration says that sites come from.
#pragma once

#include <string>

#include "crossilo/io/config.hpp"
#include "crossilo/round/sites.hpp"

namespace crossilo {

/// The rule of [topology]; a file that cannot be read is the rule's fault, so that all ranks can say so together.
[[nodiscard]] SiteRule site_rule(const Config& config);

/// A setting that ranks compare: what topology.file says, wherever it lies. Empty value without such a file.
[[nodiscard]] NamedTexts::value_type contents_of_sites_file(const SiteRule& rule);

/// What the rule says of this process, which takes itself for these silos and computes on so many GPUs.
[[nodiscard]] SiteClaim own_site(const SiteRule& rule, const std::vector<std::string>& silos, int gpus = 0);

/// A warning where CROSSILO_SITE is set and nothing reads it; otherwise empty.
[[nodiscard]] std::string unread_site_variable(const Config& config);

}  // namespace crossilo
