// Aim: the clipping stage cannot be skipped.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: cannot convert|no viable conversion
#include "crossilo/update/ring_codec.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
RingPayload encode(RingCodec& codec, SiloUpdate&& update, const RoundTicket& ticket) {
  return codec.encode(std::move(update), ticket);
}
#else
RingPayload encode(RingCodec& codec, ClippedUpdate&& update, const RoundTicket& ticket) {
  return codec.encode(std::move(update), ticket);
}
#endif
