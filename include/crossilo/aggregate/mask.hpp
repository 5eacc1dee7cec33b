// Aim: hide a payload so that only sums over all ranks can be read. CPU twin: src/aggregate/mask_cpu.cpp, GPU twin:
// aggregate/device_mask.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "crossilo/aggregate/key_agreement.hpp"
#include "crossilo/base/inline_text.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/model/payload.hpp"

namespace crossilo {

/// Turns a payload into one that may leave the rank.
class Mask {
 public:
  virtual ~Mask() = default;
  /// Name for the round record: "pairwise" or "none".
  [[nodiscard]] virtual const char* name() const noexcept = 0;
  /// False for NoMask alone.
  [[nodiscard]] virtual bool hides() const noexcept { return true; }
  [[nodiscard]] MaskedPayload operator()(NoisedPayload&& payload, const RoundTicket& ticket) {
    return MaskedPayload(hide(ticket, std::move(payload)));
  }
  /// Of masking, since the last call.
  [[nodiscard]] virtual double take_seconds() noexcept { return 0.0; }

 protected:
  /// The words under masks: of the statistics at once, of the lanes when they are asked for. What it returns outlives
  /// the payload.
  [[nodiscard]] virtual PayloadWords hide(const RoundTicket& ticket, NoisedPayload&& payload) = 0;
};

/// No mask: an explicit choice (one rank has nobody to hide from), written to the round record.
class NoMask final : public Mask {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "none"; }
  [[nodiscard]] bool hides() const noexcept override { return false; }

 private:
  PayloadWords hide(const RoundTicket&, NoisedPayload&& payload) override {
    return NoisedPayload(std::move(payload)).words();
  }
};

/// SHA-256 over (silo, weight) of every member.
[[nodiscard]] Hash256 cohort_hash(const Cohort& cohort);
/// The context that binds a mask to one sum: version | epoch | kind | counter | round | SHA-256(cohort).
[[nodiscard]] InlineText mask_context(const Hash256& epoch, const RoundTicket& ticket);
/// The `info` of the mask between two ranks: context | "pair" | lower id | higher id.
[[nodiscard]] InlineText mask_info(std::string_view context, SiloId one, SiloId other);

/// One stream to add to a payload, or to subtract from it.
struct Keystream {
  AesCtr cipher;
  bool subtract = false;
};
/// Adds the next words of every stream to `words`, in cache-sized blocks. In place, so the words must stand in memory
/// that no peer can read: on the way they carry only some masks.
void add_keystreams(std::span<Keystream> streams, std::span<std::uint32_t> words);
void add_keystreams(std::span<Keystream> streams, std::span<std::uint64_t> words);
/// Where the statistics continue a stream after that many bytes of lanes: at the next whole cipher block.
[[nodiscard]] constexpr std::uint64_t statistics_offset(std::uint64_t lane_bytes) noexcept {
  return (lane_bytes + 15) / 16 * 16;
}

/// Pairwise masks: y_i = q_i + sum over j > i of PRG(s_ij) - sum over j < i of PRG(s_ij), modulo 2^32 (2^64 in the
/// statistics). s_ij = HKDF(K_ij, context | "pair" | lower | higher); PRG = AES-256-CTR; one key, one stream: the
/// statistics continue at the next multiple of 16 bytes after the lanes. They cancel in the sum over all ranks.
/// Source: Bonawitz et al. 2017, section 4.0.1, without self masks.
class PairwiseMask final : public Mask, WordSource {
 public:
  /// One object for the whole start of the job: it refuses (InternalError) a ticket whose counter does not grow, and a
  /// payload before all lanes of the last one were asked for.
  PairwiseMask(SiloId own_id, std::vector<PairKey> pair_keys, const Hash256& epoch);
  [[nodiscard]] const char* name() const noexcept override { return "pairwise"; }
  [[nodiscard]] double take_seconds() noexcept override { return TimedSource::take_seconds(); }

 private:
  PayloadWords hide(const RoundTicket& ticket, NoisedPayload&& payload) override;
  void make(std::span<std::uint32_t> out) override;

  SiloId own_id_;
  std::vector<PairKey> pair_keys_;
  std::vector<Keystream> streams_;        // one for each pair, under the key of the sum at hand
  std::optional<NoisedPayload> payload_;  // at hand
  Hash256 epoch_;
  std::optional<std::uint64_t> last_counter_;  // of this start of the job
};

}  // namespace crossilo
