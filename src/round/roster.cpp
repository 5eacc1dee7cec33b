#include "crossilo/round/roster.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "../data/silo_layout.hpp"
#include "crossilo/base/check.hpp"
#include "crossilo/base/error.hpp"
#include "crossilo/base/rank_identity.hpp"
#include "crossilo/round/settings_of_ranks.hpp"
#include "crossilo/version.hpp"

namespace crossilo {
namespace {

constexpr char kProtocol[16] = "crossilo hello2";
constexpr std::size_t kVersionBytes = 16;
static_assert(std::string_view(kVersion).size() < kVersionBytes);

/// What a rank shows to everybody: ids, hashes and a fresh public key; nothing secret.
struct Hello {
  char protocol[16] = {};
  char version[kVersionBytes] = {};
  char host[64] = {};
  Hash256 config_hash{};
  Hash256 schema_hash{};
  Hash256 model_schema_hash{};
  std::array<std::byte, 32> public_key{};
  std::uint32_t first_silo = 0;
  std::uint32_t hosted_silos = 0;
};
static_assert(sizeof(Hello) == 16 + 16 + 64 + 4 * 32 + 8);

template <class T>
std::vector<T> gather(Communicator& communicator, std::span<const T> own, const Deadline& deadline) {
  std::vector<T> all(own.size() * static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(own), std::as_writable_bytes(std::span(all)), deadline);
  return all;
}

Hello own_hello(const OwnFacts& own, const X25519& key) {
  Hello hello{.config_hash = own.config_hash,
              .schema_hash = schema_hash(own.schema),
              .model_schema_hash = own.model_schema_hash,
              .public_key = key.public_key(),
              .first_silo = own.hosted.front().id.value,
              .hosted_silos = static_cast<std::uint32_t>(own.hosted.size())};
  std::memcpy(hello.protocol, kProtocol, sizeof(kProtocol));
  std::string_view(kVersion).copy(hello.version, kVersionBytes - 1);
  const std::string host = host_name();
  std::memcpy(hello.host, host.data(), std::min(host.size(), sizeof(hello.host) - 1));
  return hello;
}

std::string name_rank(const OwnFacts& own, const Hello& hello, int rank) {
  const std::vector<std::string>& names = own.silo_names;
  const auto first = names.begin() + std::min<std::size_t>(hello.first_silo, names.size());
  const auto last = first + std::min<std::ptrdiff_t>(hello.hosted_silos, names.end() - first);
  return name_of({.rank = rank,
                  .silos = fmt::format("{}", fmt::join(first, last, ", ")),
                  .host = hello.host,
                  .site = own.topology.sites() > 1 ? own.topology.place(rank).site : ""});
}

/// Throws when a field of some hello differs from rank 0's. All ranks see the same hellos, so all throw alike.
template <class Failure, class Field>
void require_equal(Communicator& communicator, const std::vector<Hello>& hellos, Field field, const char* what) {
  std::vector<std::string> differing;
  for (std::size_t rank = 1; rank < hellos.size(); ++rank)
    if (std::memcmp(&(hellos[rank].*field), &(hellos[0].*field), sizeof(hellos[0].*field)) != 0)
      differing.push_back(communicator.peer_name(static_cast<int>(rank)));
  if (differing.empty()) return;
  throw Failure(fmt::format("{} of {} differ{} from those of {}; nothing was trained", what, fmt::join(differing, ", "),
                            differing.size() == 1 ? "" : " each", communicator.peer_name(0)));
}

/// Every silo belongs to one rank, and none is left over but the missing ones, which are on no rank.
void check_hosting(Communicator& communicator, const std::vector<Hello>& hellos,
                   const std::vector<std::string>& silo_names, const std::vector<SiloId>& missing) {
  std::vector<std::size_t> rank_of(silo_names.size(), hellos.size());
  for (std::size_t rank = 0; rank < hellos.size(); ++rank) {
    const std::size_t first = hellos[rank].first_silo;
    const std::size_t hosted = hellos[rank].hosted_silos;
    if (hosted == 0 || first >= silo_names.size() || hosted > silo_names.size() - first)
      throw EnvironmentError(fmt::format("{} claims {} silos from number {} on, of {}; nothing was trained",
                                         communicator.peer_name(static_cast<int>(rank)), hosted, first,
                                         silo_names.size()));
    for (std::size_t silo = first; silo < first + hosted; ++silo) {
      if (std::ranges::count(missing, SiloId{static_cast<std::uint32_t>(silo)}) > 0)
        throw EnvironmentError(fmt::format("{} is there, but this start leaves it out; nothing was trained",
                                           communicator.peer_name(static_cast<int>(rank))));
      if (rank_of[silo] != hellos.size())
        throw EnvironmentError(
            fmt::format("{} and {} both claim silo {}; each silo belongs to one rank; nothing was "
                        "trained",
                        communicator.peer_name(static_cast<int>(rank_of[silo])),
                        communicator.peer_name(static_cast<int>(rank)), silo_names[silo]));
      rank_of[silo] = rank;
    }
  }
  std::vector<std::string> left_over;
  for (std::size_t silo = 0; silo < silo_names.size(); ++silo)
    if (rank_of[silo] == hellos.size() && std::ranges::count(missing, SiloId{static_cast<std::uint32_t>(silo)}) == 0)
      left_over.push_back(silo_names[silo]);
  if (!left_over.empty())
    throw EnvironmentError(
        fmt::format("no rank hosts silo {}; each silo of run.silos belongs to one rank; nothing was "
                    "trained",
                    fmt::join(left_over, ", ")));
}

/// A schema as one line of text, and back; nothing where the text, which came off the wire, is no sound schema.
std::string text_of(const SiloSchema& schema) {
  const nlohmann::json json{to_string(schema.task), schema.sample_shape, schema.feature_names, schema.class_names};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::optional<SiloSchema> schema_of(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  const auto task = parse_task(json.at(0).get<std::string>());
  if (!task) return std::nullopt;
  SiloSchema schema{.feature_names = json.at(2), .class_names = json.at(3), .sample_shape = json.at(1), .task = *task};
  return schema_fault(schema).empty() ? std::optional(std::move(schema)) : std::nullopt;
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
}

/// Throws when silo files have other columns, classes or another task than most: whose, which, and how many there are.
/// Collective, since only then the schemas themselves are sent.
void compare_schemas(Communicator& communicator, const std::vector<Hello>& hellos, const OwnFacts& own,
                     const Deadline& deadline) {
  const auto as_many = [&](const Hello& one) {
    return std::ranges::count(hellos, one.schema_hash, &Hello::schema_hash);
  };
  const auto most = std::ranges::max_element(hellos, {}, as_many) - hellos.begin();
  if (as_many(hellos[most]) == std::ssize(hellos)) return;
  const std::vector<std::string> texts = gather_texts(communicator, text_of(own.schema), deadline);
  const std::optional<SiloSchema> expected = schema_of(texts[most]);
  std::vector<std::string> differences;
  for (std::size_t rank = 0; rank < hellos.size(); ++rank) {
    if (hellos[rank].schema_hash == hellos[most].schema_hash) continue;
    const std::optional<SiloSchema> found = schema_of(texts[rank]);
    const std::string difference = found && expected ? schema_difference(*found, *expected) : "";
    differences.push_back(fmt::format("{}: {}", communicator.peer_name(static_cast<int>(rank)),
                                      difference.empty() ? "features, classes or task differ" : difference));
  }
  throw DataError(fmt::format("silo files do not fit together: {} (compared with {}); nothing was trained",
                              fmt::join(differences, "; "), communicator.peer_name(static_cast<int>(most))));
}

/// Throws unless all ranks run one program. Other versions may round otherwise, and the models would part.
void check_versions(Communicator& communicator, const std::vector<Hello>& hellos) {
  for (std::size_t rank = 0; rank < hellos.size(); ++rank) {
    const bool same_protocol = std::memcmp(hellos[rank].protocol, kProtocol, sizeof(kProtocol)) == 0;
    if (same_protocol && std::strcmp(hellos[rank].version, hellos.front().version) == 0) continue;
    throw EnvironmentError(fmt::format(
        "{} runs another version of crossilo: {}, but {} runs {}; install the same one everywhere; nothing was trained",
        communicator.peer_name(static_cast<int>(rank)),
        same_protocol ? hellos[rank].version : "its hello is unknown here", communicator.peer_name(0),
        hellos.front().version));
  }
}

void check_hellos(Communicator& communicator, const std::vector<Hello>& hellos, const OwnFacts& own,
                  const Deadline& deadline) {
  check_versions(communicator, hellos);
  for (std::size_t rank = 0; rank < hellos.size(); ++rank)
    for (std::size_t other = 0; other < rank; ++other)
      if (hellos[rank].public_key == hellos[other].public_key)
        throw EnvironmentError(fmt::format(
            "{} and {} show the same public key; keys must be fresh for each rank and start; nothing was trained",
            communicator.peer_name(static_cast<int>(other)), communicator.peer_name(static_cast<int>(rank))));
  check_hosting(communicator, hellos, own.silo_names, own.missing);
  if (std::ranges::count(hellos, hellos.front().config_hash, &Hello::config_hash) != std::ssize(hellos))
    require_same_settings(communicator, own.shared_settings, deadline);
  require_equal<ConfigError>(communicator, hellos, &Hello::config_hash, "the shared settings");
  compare_schemas(communicator, hellos, own, deadline);
  require_equal<ConfigError>(communicator, hellos, &Hello::model_schema_hash,
                             "the model (its parameters, or the TorchScript file's SHA-256)");
}

Cohort gather_cohort(Communicator& communicator, const OwnFacts& own, const Deadline& deadline) {
  const std::size_t silos = own.silo_names.size();
  std::vector<std::uint64_t> own_weights(silos);
  for (const HostedSiloFacts& facts : own.hosted) own_weights.at(facts.id.value) = facts.weight;
  const auto weights = gather<std::uint64_t>(communicator, own_weights, deadline);
  Cohort cohort{.silos = present_silos(silos, own.missing), .weights = {}};
  for (const SiloId silo : cohort.silos) {
    cohort.weights.push_back(0);
    for (std::size_t i = silo.value; i < weights.size(); i += silos) cohort.weights.back() += weights[i];
  }
  if (cohort.total_weight() == 0) throw DataError("no silo has a training row; nothing was trained");
  return cohort;
}

}  // namespace

Roster exchange_hello(Communicator& communicator, const OwnFacts& own, const X25519& key, const Deadline& deadline) {
  CROSSILO_ASSERT(!own.hosted.empty());
  const Hello hello = own_hello(own, key);
  auto hellos = gather<Hello>(communicator, std::span(&hello, 1), deadline);
  for (Hello& one : hellos) one.host[sizeof(one.host) - 1] = one.version[kVersionBytes - 1] = '\0';  // off the wire
  std::vector<std::string> names;
  for (std::size_t rank = 0; rank < hellos.size(); ++rank)
    names.push_back(name_rank(own, hellos[rank], static_cast<int>(rank)));
  communicator.name_peers(std::move(names));
  check_hellos(communicator, hellos, own, deadline);

  Roster roster{.cohort = gather_cohort(communicator, own, deadline), .silo_names = own.silo_names};
  Sha256 epoch;
  epoch.update(std::as_bytes(std::span(hellos))).update(std::as_bytes(std::span(roster.cohort.weights)));
  roster.epoch = epoch.finish();
  for (const Hello& one : hellos)
    roster.identities.push_back({.id = SiloId{one.first_silo},
                                 .public_key = one.public_key,
                                 .name = communicator.peer_name(static_cast<int>(roster.identities.size()))});
  return roster;
}

}  // namespace crossilo
