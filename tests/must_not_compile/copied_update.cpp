// Aim: an update cannot be copied.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: use of deleted function|deleted constructor|implicitly deleted
#include "crossilo/model/payload.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
SiloUpdate take(SiloUpdate& update) { return update; }
#else
SiloUpdate take(SiloUpdate&& update) { return std::move(update); }
#endif
