#include <algorithm>
#include <array>
#include <bit>

#include "crossilo/aggregate/mask.hpp"

namespace crossilo {
namespace {

static_assert(std::endian::native == std::endian::little, "ring words are little-endian");

// A block of words, one of keystream and the cipher's zeros stay in the first-level cache (32 KiB) together, while all
// streams pass over the block.
constexpr std::size_t kBlockBytes = 8192;

/// Adds every stream, from its present position on, to `words`.
template <class Word>
void add_streams(std::span<Keystream> streams, std::span<Word> words) {
  alignas(64) std::array<Word, kBlockBytes / sizeof(Word)> mask;
  for (std::size_t first = 0; first < words.size(); first += mask.size()) {
    const std::span<Word> block = words.subspan(first, std::min(mask.size(), words.size() - first));
    for (Keystream& stream : streams) {
      stream.cipher.generate(std::as_writable_bytes(std::span(mask).first(block.size())));
      if (stream.subtract)
        for (std::size_t i = 0; i < block.size(); ++i) block[i] -= mask[i];
      else
        for (std::size_t i = 0; i < block.size(); ++i) block[i] += mask[i];
    }
  }
  wipe(std::as_writable_bytes(std::span(mask)));
}

}  // namespace

void add_keystreams(std::span<Keystream> streams, std::span<std::uint32_t> words) { add_streams(streams, words); }
void add_keystreams(std::span<Keystream> streams, std::span<std::uint64_t> words) { add_streams(streams, words); }

}  // namespace crossilo
