// Aim: the noise stage cannot be skipped.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: no match for call to|no matching function
#include "crossilo/aggregate/mask.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
MaskedPayload hide(Mask& mask, RingPayload&& payload, const RoundTicket& ticket) {
  return mask(std::move(payload), ticket);
}
#else
MaskedPayload hide(Mask& mask, NoisedPayload&& payload, const RoundTicket& ticket) {
  return mask(std::move(payload), ticket);
}
#endif
