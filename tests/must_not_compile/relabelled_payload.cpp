// Aim: a payload cannot be relabelled as a later stage, not even by a strategy's own code.
// Method: the right line compiles; with CROSSILO_MUST_FAIL the wrong one stands in its place.
// expected: is private within this context|calling a private constructor
#include "crossilo/aggregate/mask.hpp"

using namespace crossilo;

#ifdef CROSSILO_MUST_FAIL
class Careless : public Mask {
 public:
  MaskedPayload pass(NoisedPayload&& payload) { return MaskedPayload(payload.words()); }
};
#else
class Careless : public Mask {
 public:
  MaskedPayload pass(MaskedPayload&& payload) { return std::move(payload); }
};
#endif
