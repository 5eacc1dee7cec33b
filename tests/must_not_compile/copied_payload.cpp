// Aim: a payload cannot be copied: what was summed is gone.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: use of deleted function|deleted constructor|implicitly deleted
#include "crossilo/model/payload.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
NoisedPayload take(NoisedPayload& payload) { return payload; }
#else
NoisedPayload take(NoisedPayload&& payload) { return std::move(payload); }
#endif
