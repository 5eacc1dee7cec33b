// Aim: a total cannot be made from a buffer.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: is private within this context|calling a private constructor
#include "crossilo/model/payload.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
RingTotal make(WordBuffer& buffer) { return RingTotal(buffer); }
#else
WordBuffer& keep(WordBuffer& buffer) { return buffer; }
#endif
