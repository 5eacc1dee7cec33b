#include "crossilo/round/federation_state.hpp"

#include <array>
#include <cstring>

#include "crossilo/foreign/openssl.hpp"

namespace crossilo {

Hash256 next_link(const Hash256& chain, RoundIndex round, const Hash256& model) {
  std::array<std::byte, 2 * sizeof(Hash256) + 4> bytes{};
  std::memcpy(bytes.data(), chain.data(), sizeof chain);
  std::memcpy(bytes.data() + sizeof chain, model.data(), sizeof model);
  for (std::size_t i = 0; i < 4; ++i)
    bytes.at(2 * sizeof chain + i) = static_cast<std::byte>(round.value >> (24 - 8 * i));
  return sha256(bytes);
}

Hash256 fingerprint_of(const Scaling& scaling) {
  std::vector<double> values = scaling.mean;
  values.insert(values.end(), scaling.standard_deviation.begin(), scaling.standard_deviation.end());
  values.insert(values.end(), {scaling.target_mean, scaling.target_standard_deviation});
  values.insert(values.end(), scaling.class_rows.begin(), scaling.class_rows.end());
  return sha256(std::as_bytes(std::span(values)));
}

}  // namespace crossilo
