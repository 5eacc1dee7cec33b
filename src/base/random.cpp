#include "crossilo/base/random.hpp"

#include "crossilo/base/big_endian.hpp"
#include "crossilo/base/check.hpp"

namespace crossilo {
namespace {

const char* name_of(PublicPurpose purpose) {
  switch (purpose) {
    case PublicPurpose::initial_weights:
      return "initial_weights";
    case PublicPurpose::cohort:
      return "cohort";
    case PublicPurpose::rounding:
      return "rounding";
    case PublicPurpose::held_back_rows:
      return "held_back_rows";
    case PublicPurpose::baseline:
      return "baseline";
  }
  CROSSILO_ASSERT(!"a public purpose has a name");
  return "";
}

const char* name_of(PrivatePurpose purpose) {
  switch (purpose) {
    case PrivatePurpose::order:
      return "order";
    case PrivatePurpose::dropout:
      return "dropout";
    case PrivatePurpose::evaluation:
      return "evaluation";
  }
  CROSSILO_ASSERT(!"a private purpose has a name");
  return "";
}

InlineText info(std::string_view kind, const char* purpose, const Derivation& derivation) {
  InlineText text("crossilo/1|");
  text.append(kind).append("|").append(purpose).append("|");
  append_big_endian(text, derivation.round.value);
  append_big_endian(text, derivation.silo.value);
  for (const std::byte byte : derivation.parent) text.push_back(static_cast<char>(byte));
  return text;
}

}  // namespace

InlineText derivation_info(PublicPurpose purpose, const Derivation& derivation) {
  return info("public", name_of(purpose), derivation);
}

InlineText derivation_info(PrivatePurpose purpose, const Derivation& derivation) {
  return info("private", name_of(purpose), derivation);
}

InlineText root_info(RootKind kind, std::uint64_t seed) {
  InlineText text(kind == RootKind::public_root ? "crossilo/1|public root|" : "crossilo/1|private root|");
  append_big_endian(text, seed);
  return text;
}

}  // namespace crossilo
