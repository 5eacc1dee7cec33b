#include "crossilo/io/private_state.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "crossilo/base/error.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/io/atomic_file.hpp"
#include "files_by_round.hpp"

namespace crossilo {
namespace {

// The last two checkpoints, and three that could not be written before the run gives up (cli/checkpoint_keeper).
constexpr std::size_t kKept = 5;

/// What stands before the floats.
struct Header {
  char kind[16] = "remainder 1";
  Hash256 chain{};
  Hash256 digest{};
};
static_assert(sizeof(Header) == 80);

Hash256 digest_of(const Hash256& chain, std::span<const std::byte> remainder) {
  return Sha256().update(chain).update(remainder).finish();
}

FilesByRound files_of(const std::string& folder, const Generation& generation) {
  return {.folder = folder, .prefix = generation.run + ".round-", .suffix = ".remainder"};
}

/// Why these bytes are not that generation's remainder; null where they are.
const char* refusal(std::span<const std::byte> bytes, const Hash256& chain) {
  Header header;
  if (bytes.size() < sizeof header || (bytes.size() - sizeof header) % sizeof(float) != 0) return "is cut";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.kind, Header{}.kind, sizeof header.kind) != 0 ||
      header.digest != digest_of(header.chain, bytes.subspan(sizeof header)))
    return "is damaged, or of another version";
  return header.chain == chain ? nullptr : "belongs to another course of the run";
}

}  // namespace

void keep_remainder(const std::string& folder, const Generation& generation, std::span<const float> remainder) {
  const auto bytes = std::as_bytes(remainder);
  Header header;
  header.chain = generation.chain;
  header.digest = digest_of(generation.chain, bytes);
  const std::array pieces{std::as_bytes(std::span(&header, 1)), bytes};
  const FilesByRound files = files_of(folder, generation);
  write_file_atomically(files.file_of(generation.round.value), pieces, Existing::replace, 0600);
  files.keep_newest(generation.round.value, kKept);
}

std::optional<std::vector<float>> find_remainder(const std::string& folder, const Generation& generation,
                                                 const std::function<void(const std::string&)>& warn) {
  const std::string file = files_of(folder, generation).file_of(generation.round.value);
  std::optional<std::string> text;
  try {
    text = read_file_if_there(file);
  } catch (const StorageError& error) {
    warn(error.what());
    return std::nullopt;
  }
  const auto bytes = text ? std::as_bytes(std::span(*text)) : std::span<const std::byte>();
  if (const char* const reason = text ? refusal(bytes, generation.chain) : "is not there"; reason != nullptr) {
    warn(fmt::format("{}: {}", file, reason));
    return std::nullopt;
  }
  std::vector<float> remainder((bytes.size() - sizeof(Header)) / sizeof(float));
  if (!remainder.empty())
    std::memcpy(remainder.data(), bytes.data() + sizeof(Header), remainder.size() * sizeof(float));
  return remainder;
}

}  // namespace crossilo
