#include "crossilo/aggregate/mask.hpp"

#include <algorithm>

#include "crossilo/base/big_endian.hpp"
#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

void append_bytes(InlineText& text, const Hash256& bytes) {
  for (const std::byte byte : bytes) text.push_back(static_cast<char>(byte));
}

}  // namespace

Hash256 cohort_hash(const Cohort& cohort) {
  Sha256 digest;
  for (std::size_t i = 0; i < cohort.size(); ++i) {
    InlineText member("");
    append_big_endian(member, cohort.silos[i].value);
    append_big_endian(member, cohort.weights[i]);
    digest.update(member);
  }
  return digest.finish();
}

InlineText mask_context(const Hash256& epoch, const RoundTicket& ticket) {
  InlineText context("crossilo/1|mask|");
  append_bytes(context, epoch);
  append_big_endian(context, static_cast<std::uint8_t>(ticket.kind));
  append_big_endian(context, ticket.counter);
  append_big_endian(context, ticket.round.value);
  append_bytes(context, cohort_hash(ticket.cohort));
  return context;
}

InlineText mask_info(std::string_view context, SiloId one, SiloId other) {
  CROSSILO_ASSERT(one != other);
  InlineText info(context);
  info.append("|pair|");
  append_big_endian(info, std::min(one, other).value);
  append_big_endian(info, std::max(one, other).value);
  return info;
}

PairwiseMask::PairwiseMask(SiloId own_id, std::vector<PairKey> pair_keys, const Hash256& epoch)
    : own_id_(own_id), pair_keys_(std::move(pair_keys)), epoch_(epoch) {
  CROSSILO_ASSERT(!pair_keys_.empty());  // one rank has nobody to hide from: NoMask
  streams_.reserve(pair_keys_.size());
  for (const PairKey& pair : pair_keys_)
    streams_.push_back({.cipher = AesCtr(Key256{}), .subtract = pair.peer < own_id_});
}

PayloadWords PairwiseMask::hide(const RoundTicket& ticket, NoisedPayload&& payload) {
  CROSSILO_ASSERT(!last_counter_ || ticket.counter > *last_counter_);  // a counter used twice is a mask used twice
  CROSSILO_ASSERT(!payload_ || payload_->lane_words_left() == 0);
  CROSSILO_ASSERT(payload.lane_words_left() == payload.lane_words());
  last_counter_ = ticket.counter;
  payload_.emplace(std::move(payload));
  const InlineText context = mask_context(epoch_, ticket);
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const SecretKey key = hkdf_sha256(pair_keys_[i].key.bytes(), {}, mask_info(context, own_id_, pair_keys_[i].peer));
    streams_[i].cipher.restart(key.bytes());
    streams_[i].cipher.seek(statistics_offset(payload_->lane_words() * sizeof(std::uint32_t)));
  }
  add_keystreams(streams_, payload_->statistics());
  for (Keystream& stream : streams_) stream.cipher.seek(0);
  return {.statistics = payload_->statistics(), .lane_words = payload_->lane_words(), .lanes = this};
}

void PairwiseMask::make(std::span<std::uint32_t> out) {
  payload_->next_lanes(out);
  add_keystreams(streams_, out);
}

}  // namespace crossilo
