#include "crossilo/round/hosting.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/rank_identity.hpp"

namespace crossilo {
namespace {

/// What one rank says at the start.
struct Claim {
  std::array<char, 64> host{};
  std::array<char, 65> silo{};  // empty: by rank
};

void copy_text(const std::string& text, std::span<char> field) {
  std::memcpy(field.data(), text.data(), std::min(text.size(), field.size() - 1));
}

std::vector<Claim> gather_claims(Communicator& communicator, const std::string& own_silo, const Deadline& deadline) {
  Claim own;
  copy_text(host_name(), own.host);
  copy_text(own_silo, own.silo);
  std::vector<Claim> claims(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&own, 1)), std::as_writable_bytes(std::span(claims)), deadline);
  for (Claim& claim : claims) claim.host.back() = claim.silo.back() = '\0';  // they came off the wire
  return claims;
}

/// Who claims what, checked. Shapes: one entry a rank.
std::vector<std::vector<SiloId>> claimed_silos(const std::vector<std::string>& silo_names,
                                               const std::vector<Claim>& claims, const std::vector<SiloId>& missing) {
  const auto place = [&](std::size_t rank) { return fmt::format("rank {} (host {})", rank, claims[rank].host.data()); };
  const std::size_t present = silo_names.size() - missing.size();
  if (claims.size() != present)
    throw EnvironmentError(
        fmt::format("{} silos, but {} ranks that claim one each; nothing was started", present, claims.size()));
  std::vector<std::vector<SiloId>> silos;
  std::vector<std::string> mistakes;
  std::vector<std::size_t> rank_of(silo_names.size(), claims.size());
  for (std::size_t rank = 0; rank < claims.size(); ++rank) {
    const std::string name = claims[rank].silo.data();
    const auto found = std::ranges::find(silo_names, name);
    if (name.empty()) {
      mistakes.push_back(place(rank) + " says no silo while others do");
    } else if (found == silo_names.end()) {
      mistakes.push_back(fmt::format("{} says silo {}, which is not in run.silos ({})", place(rank), name,
                                     fmt::join(silo_names, ", ")));
    } else if (const SiloId silo{static_cast<std::uint32_t>(found - silo_names.begin())};
               std::ranges::count(missing, silo) > 0) {
      mistakes.push_back(fmt::format("{} says silo {}, which --without_silos leaves out", place(rank), name));
    } else if (std::size_t& first = rank_of[silo.value]; first != claims.size()) {
      mistakes.push_back(fmt::format("{} and {} both say silo {}", place(first), place(rank), name));
    } else {
      first = rank;
      silos.push_back({silo});
    }
  }
  if (!mistakes.empty())
    throw EnvironmentError(
        fmt::format("{}; set CROSSILO_SILO (or run.silo in the silo's own file) on every host, or "
                    "nowhere: then rank 0 is the first of run.silos; nothing was started",
                    fmt::join(mistakes, "; ")));
  return silos;
}

}  // namespace

std::vector<SiloId> hosted_silos(std::size_t silos, int ranks, int rank) {
  CROSSILO_ASSERT(ranks > 0 && rank >= 0 && rank < ranks);
  if (static_cast<std::size_t>(ranks) > silos)
    throw EnvironmentError(
        fmt::format("{0} silos, but {1} processes were started: start {0} (or fewer, with --simulate)", silos, ranks));
  const std::size_t begin = silos * static_cast<std::size_t>(rank) / static_cast<std::size_t>(ranks);
  const std::size_t end = silos * static_cast<std::size_t>(rank + 1) / static_cast<std::size_t>(ranks);
  std::vector<SiloId> hosted;
  for (std::size_t silo = begin; silo < end; ++silo) hosted.push_back(SiloId{static_cast<std::uint32_t>(silo)});
  return hosted;
}

std::vector<SiloId> present_silos(std::size_t silos, const std::vector<SiloId>& missing) {
  std::vector<SiloId> present;
  for (std::uint32_t silo = 0; silo < silos; ++silo)
    if (std::ranges::count(missing, SiloId{silo}) == 0) present.push_back(SiloId{silo});
  return present;
}

std::string Hosting::names(const std::vector<std::string>& silo_names, int rank) const {
  std::vector<std::string> names;
  for (const SiloId silo : silos_of_rank.at(static_cast<std::size_t>(rank))) names.push_back(silo_names.at(silo.value));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool Hosting::is_in_order() const {
  const auto first = [](const std::vector<SiloId>& silos) { return silos.front(); };
  return std::ranges::is_sorted(silos_of_rank, {}, first);
}

int Hosting::ranks_beside(int rank) const {
  return static_cast<int>(std::ranges::count(host_of_rank, host_of_rank.at(static_cast<std::size_t>(rank))));
}

Hosting agree_on_hosting(Communicator& communicator, const std::vector<std::string>& silo_names,
                         const std::string& own_silo, const Deadline& deadline, const std::vector<SiloId>& missing) {
  const std::vector<SiloId> present = present_silos(silo_names.size(), missing);
  CROSSILO_ASSERT(missing.empty() || std::ssize(present) == communicator.size());
  const std::vector<Claim> claims = gather_claims(communicator, own_silo, deadline);
  Hosting hosting;
  hosting.is_claimed = std::ranges::any_of(claims, [](const Claim& claim) { return claim.silo.front() != '\0'; });
  if (hosting.is_claimed)
    hosting.silos_of_rank = claimed_silos(silo_names, claims, missing);
  else
    for (int rank = 0; rank < communicator.size(); ++rank) {
      std::vector<SiloId>& hosted = hosting.silos_of_rank.emplace_back();
      for (const SiloId place : hosted_silos(present.size(), communicator.size(), rank))
        hosted.push_back(present[place.value]);
    }
  for (const Claim& claim : claims) hosting.host_of_rank.emplace_back(claim.host.data());
  std::vector<std::string> peers;
  for (int rank = 0; rank < communicator.size(); ++rank)
    peers.push_back(name_of({.rank = rank,
                             .silos = hosting.names(silo_names, rank),
                             .host = hosting.host_of_rank[static_cast<std::size_t>(rank)]}));
  communicator.name_peers(std::move(peers));
  return hosting;
}

}  // namespace crossilo
