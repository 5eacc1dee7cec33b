// Aim: a masked payload cannot be made from words.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: is private within this context|calling a private constructor
#include "crossilo/model/payload.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
MaskedPayload make(const PayloadWords& words) { return MaskedPayload(words); }
#else
const PayloadWords& words_of(const MaskedPayload& payload) { return payload.words(); }
#endif
