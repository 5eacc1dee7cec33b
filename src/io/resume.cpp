#include "crossilo/io/resume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/manifest.hpp"

namespace crossilo {
namespace {

constexpr int kTag = 3;
constexpr std::size_t kSegmentBytes = std::size_t{1} << 24;

/// What a rank has, as it travels.
struct Offer {
  std::uint64_t bytes = 0;  // 0: nothing
  std::uint32_t round = 0;
  Hash256 seal{};
};

std::string round_text(const std::string& path) {
  const auto found = CheckpointFolder::newest(path + "/checkpoints", [](const std::string&) {});
  return found ? fmt::format("after round {}", found->round.value) : "from its beginning (it has no checkpoint)";
}

/// Piece by piece, each to all who lack it: nobody waits longer than one piece takes to reach them all.
void send_all(Communicator& communicator, std::span<const std::byte> bytes, std::span<const int> to,
              const Deadline& deadline) {
  for (std::size_t begin = 0; begin < bytes.size(); begin += kSegmentBytes) {
    std::vector<Request> requests;
    for (const int rank : to)
      requests.push_back(communicator.start_send(bytes.subspan(begin, std::min(kSegmentBytes, bytes.size() - begin)),
                                                 {.rank = rank, .tag = kTag}));
    wait_all(communicator, requests, to, deadline);
  }
}

void receive_all(Communicator& communicator, std::span<std::byte> bytes, int from, const Deadline& deadline) {
  for (std::size_t begin = 0; begin < bytes.size(); begin += kSegmentBytes) {
    Request request = communicator.start_receive(bytes.subspan(begin, std::min(kSegmentBytes, bytes.size() - begin)),
                                                 {.rank = from, .tag = kTag});
    wait_all(communicator, std::span(&request, 1), std::span(&from, 1), deadline);
  }
}

}  // namespace

RunChoice choose_run(const std::string& parent, const std::string& name, const Hash256& settings) {
  for (const unsigned long number : run_numbers(parent, name)) {
    const std::string path = fmt::format("{}/{}-{}", parent, name, number);
    try {
      const auto manifest = read_manifest(RunFolder(path));
      if (!manifest || manifest->settings != settings || !manifest->is_unfinished()) continue;
    } catch (const StorageError&) {
      continue;  // no run folder, or one of another version: not ours to go on with
    }
    return {.path = path, .sentence = fmt::format("going on with {} {}", path, round_text(path))};
  }
  return {};
}

RunChoice take_run(const std::string& path, const Hash256& settings) {
  std::optional<Manifest> manifest;
  try {
    manifest = read_manifest(RunFolder(path));
  } catch (const StorageError& error) {
    throw ConfigError(fmt::format("--resume {}: {}", path, error.what()));
  }
  if (!manifest) throw ConfigError(fmt::format("--resume {}: no manifest.json lies there, so no run can go on", path));
  if (manifest->settings != settings)
    throw ConfigError(fmt::format(
        "--resume {}: that run had other settings (hash {}, these have {}); compare with its config.ini. Only rounds, "
        "stopping and saving may change",
        path, to_hex(manifest->settings).substr(0, 16), to_hex(settings).substr(0, 16)));
  return {.path = path, .sentence = fmt::format("going on with {} {}", path, round_text(path))};
}

std::optional<std::vector<std::byte>> share_newest(Communicator& communicator,
                                                   std::optional<CheckpointFolder::Found> own,
                                                   const Deadline& deadline) {
  Offer offer;
  if (own) offer = {.bytes = own->sealed.size(), .round = own->round.value, .seal = own->seal};
  std::vector<Offer> offers(static_cast<std::size_t>(communicator.size()));
  all_gather(communicator, std::as_bytes(std::span(&offer, 1)), std::as_writable_bytes(std::span(offers)), deadline);
  const auto best = std::ranges::max_element(
      offers, {}, [](const Offer& one) { return one.bytes == 0 ? std::int64_t{-1} : std::int64_t{one.round}; });
  if (best->bytes == 0) return std::nullopt;
  const int source = static_cast<int>(best - offers.begin());
  std::vector<int> lacking;
  for (std::size_t rank = 0; rank < offers.size(); ++rank)
    if (offers[rank].bytes == 0 || offers[rank].seal != best->seal) lacking.push_back(static_cast<int>(rank));
  if (communicator.rank() == source) send_all(communicator, own->sealed, lacking, deadline);
  if (std::ranges::count(lacking, communicator.rank()) == 0) return std::move(own->sealed);
  std::vector<std::byte> sealed(best->bytes);
  receive_all(communicator, sealed, source, deadline);
  if (require_sealed(sealed, "the checkpoint sent by " + communicator.peer_name(source)) != best->seal)
    throw StorageError("the checkpoint sent by " + communicator.peer_name(source) + " is not the one it announced");
  return sealed;
}

}  // namespace crossilo
