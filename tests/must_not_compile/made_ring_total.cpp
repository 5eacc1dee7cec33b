// Aim: a total cannot be made from words.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: is private within this context|calling a private constructor
#include "crossilo/model/payload.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
RingTotal make(TotalSource& totals) { return RingTotal({}, 0, totals); }
#else
TotalSource& totals_of(RingTotal& total) { return total.lanes(); }
#endif
