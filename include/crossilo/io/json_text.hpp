// Aim: JSON as this program prints it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace crossilo {

/// The value as text, with a newline; indent -1 puts it on one line. Bytes that are not UTF-8 (a path, a value quoted
/// from a file) are replaced, so that every value can be printed.
template <class Json>
[[nodiscard]] std::string json_text(const Json& json, int indent = 2) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace crossilo
