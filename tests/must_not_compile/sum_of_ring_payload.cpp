// Aim: an encoded payload cannot be summed before noise and mask.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: no match for call to|no matching function
#include "crossilo/aggregate/secure_sum.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
RingTotal sum(SecureSum& secure_sum, RingPayload&& payload, const RoundTicket& ticket) {
  return secure_sum(std::move(payload), ticket);
}
#else
RingTotal sum(SecureSum& secure_sum, MaskedPayload&& payload, const RoundTicket& ticket) {
  return secure_sum(std::move(payload), ticket);
}
#endif
