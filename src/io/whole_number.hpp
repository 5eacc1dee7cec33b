// Aim: whole numbers out of JSON that fit where they go; a plain get() would let 1e300 and -1 become anything.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace crossilo {

/// The number under `key`. Throws: nlohmann's exceptions where there is none, or it is not whole, or does not fit.
template <class Whole, class Json>
[[nodiscard]] Whole whole_number(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (value.is_number_unsigned() && std::in_range<Whole>(value.template get<std::uint64_t>()))
    return static_cast<Whole>(value.template get<std::uint64_t>());
  if (value.is_number_integer() && !value.is_number_unsigned() &&
      std::in_range<Whole>(value.template get<std::int64_t>()))
    return static_cast<Whole>(value.template get<std::int64_t>());
  throw Json::type_error::create(302, std::string(key) + " is no whole number that fits", &value);
}

}  // namespace crossilo
